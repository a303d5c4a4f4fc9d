// A small server on the TypeScript SDK 1.x.
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { isInitializeRequest } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';

const text = { type: 'string' };
const { values: options } = parseArgs({
  options: { transport: { ...text, default: 'stdio' }, port: { ...text, default: '3000' }, answers: { ...text, default: 'stream' } },
});
const annotations = { readOnlyHint: true };
const said = (words) => ({ content: [{ type: 'text', text: words }] });
const asked = (words) => ({ messages: [{ role: 'user', content: { type: 'text', text: words } }] });

function small() {
  const server = new McpServer({ name: 'small', version: '1.0.0' }, { capabilities: { logging: {} }, instructions: 'Say hello, and do sums.' });
  server.registerTool('echo', { description: 'Say it again.', inputSchema: { message: z.string() }, annotations }, ({ message }) => said(message));
  const sum = { description: 'Add two numbers.', inputSchema: { a: z.number(), b: z.number() }, annotations };
  server.registerTool('add', sum, ({ a, b }) => said(`${a + b}`));
  const outputSchema = { city: z.string(), degrees: z.number(), cloudy: z.boolean() };
  const sky = { description: 'The weather in a city.', inputSchema: { city: z.string() }, outputSchema, annotations };
  server.registerTool('weather', sky, ({ city }) => {
    const structuredContent = { city, degrees: 21.5, cloudy: false };
    return { ...said(JSON.stringify(structuredContent)), structuredContent };
  });
  server.registerTool('fail', { description: 'Always go wrong.', annotations }, () => {
    throw new Error('this tool always goes wrong');
  });
  const steps = { description: 'Count up, and tell of each step.', inputSchema: { steps: z.number().int().default(3) }, annotations };
  server.registerTool('count', steps, async ({ steps }, { _meta, sendNotification, sessionId }) => {
    for (let step = 1; step <= steps; step++) {
      const progressToken = _meta?.progressToken;
      if (progressToken !== undefined) await sendNotification({ method: 'notifications/progress', params: { progressToken, progress: step, total: steps } });
      await server.sendLoggingMessage({ level: 'info', data: `step ${step}` }, sessionId);
    }
    return said(`counted to ${steps}`);
  });
  const note = { description: 'A note.', mimeType: 'text/plain' };
  server.registerResource('welcome', 'note://welcome', note, ({ href }) => ({ contents: [{ uri: href, text: 'Welcome.' }] }));
  const topics = new ResourceTemplate('note://about/{topic}', { list: undefined });
  server.registerResource('about', topics, note, ({ href }, { topic }) => ({ contents: [{ uri: href, text: `All about ${topic}.` }] }));
  server.registerPrompt('greet', { description: 'Ask for a greeting.' }, () => asked('Greet me.'));
  const words = { description: 'Ask for a summary.', argsSchema: { text: z.string() } };
  server.registerPrompt('summarise', words, ({ text }) => asked(`Summarise this: ${text}`));
  return server;
}

const app = createMcpExpressApp();
const sessions = new Map();
if (options.transport === 'stdio') {
  await small().connect(new StdioServerTransport());
} else if (options.transport === 'sse') {
  app.get('/sse', async (request, response) => {
    const transport = new SSEServerTransport('/messages', response);
    sessions.set(transport.sessionId, transport);
    transport.onclose = () => sessions.delete(transport.sessionId);
    await small().connect(transport);
  });
  app.post('/messages', async (request, response) => {
    const transport = sessions.get(request.query.sessionId);
    if (transport) await transport.handlePostMessage(request, response, request.body);
    else response.status(404).send('Session not found');
  });
} else {
  app.all('/mcp', async (request, response) => {
    const id = request.headers['mcp-session-id'];
    let transport = sessions.get(id);
    if (!transport && !id && isInitializeRequest(request.body)) {
      const keep = (sessionId) => sessions.set(sessionId, transport);
      transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID, onsessioninitialized: keep, enableJsonResponse: options.answers === 'json' });
      transport.onclose = () => sessions.delete(transport.sessionId);
      await small().connect(transport);
    }
    if (transport) await transport.handleRequest(request, response, request.body);
    else response.status(id ? 404 : 400).json({ jsonrpc: '2.0', error: { code: -32000, message: id ? 'Session not found' : 'No session' }, id: null });
  });
}
if (options.transport !== 'stdio') app.listen(Number(options.port), '127.0.0.1');
