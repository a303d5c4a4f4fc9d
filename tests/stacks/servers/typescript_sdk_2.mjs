// A small server on the TypeScript SDK 2.x: of both eras, of the new one alone (--era=modern), or of the old one with sessions (--era=legacy).
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createMcpExpressApp } from '@modelcontextprotocol/express';
import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, isInitializeRequest, McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

const text = { type: 'string' };
const { values: options } = parseArgs({
  options: { transport: { ...text, default: 'stdio' }, port: { ...text, default: '3000' }, era: { ...text, default: 'dual' } },
});
const annotations = { readOnlyHint: true };
const said = (words) => ({ content: [{ type: 'text', text: words }] });
const asked = (words) => ({ messages: [{ role: 'user', content: { type: 'text', text: words } }] });

function small() {
  const server = new McpServer({ name: 'small', version: '1.0.0' }, { capabilities: { logging: {} }, instructions: 'Say hello, and do sums.' });
  const echo = { description: 'Say it again.', inputSchema: z.object({ message: z.string() }), annotations };
  server.registerTool('echo', echo, ({ message }) => said(message));
  const sum = { description: 'Add two numbers.', inputSchema: z.object({ a: z.number(), b: z.number() }), annotations };
  server.registerTool('add', sum, ({ a, b }) => said(`${a + b}`));
  const outputSchema = z.object({ city: z.string(), degrees: z.number(), cloudy: z.boolean() });
  const sky = { description: 'The weather in a city.', inputSchema: z.object({ city: z.string() }), outputSchema, annotations };
  server.registerTool('weather', sky, ({ city }) => {
    const structuredContent = { city, degrees: 21.5, cloudy: false };
    return { ...said(JSON.stringify(structuredContent)), structuredContent };
  });
  server.registerTool('fail', { description: 'Always go wrong.', annotations }, () => {
    throw new Error('this tool always goes wrong');
  });
  const steps = { description: 'Count up, and tell of each step.', inputSchema: z.object({ steps: z.number().int().default(3) }), annotations };
  server.registerTool('count', steps, async ({ steps }, { mcpReq }) => {
    for (let step = 1; step <= steps; step++) {
      const progressToken = mcpReq._meta?.progressToken;
      if (progressToken !== undefined) await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: step, total: steps } });
      await mcpReq.log('info', `step ${step}`);
    }
    return said(`counted to ${steps}`);
  });
  const note = { description: 'A note.', mimeType: 'text/plain' };
  server.registerResource('welcome', 'note://welcome', note, ({ href }) => ({ contents: [{ uri: href, text: 'Welcome.' }] }));
  const topics = new ResourceTemplate('note://about/{topic}', { list: undefined });
  server.registerResource('about', topics, note, ({ href }, { topic }) => ({ contents: [{ uri: href, text: `All about ${topic}.` }] }));
  server.registerPrompt('greet', { description: 'Ask for a greeting.' }, () => asked('Greet me.'));
  const words = { description: 'Ask for a summary.', argsSchema: z.object({ text: z.string() }) };
  server.registerPrompt('summarise', words, ({ text }) => asked(`Summarise this: ${text}`));
  return server;
}

async function withSessions(request, response) {
  const id = request.headers['mcp-session-id'];
  let transport = sessions.get(id);
  if (!transport && !id && isInitializeRequest(request.body)) {
    const keep = (sessionId) => sessions.set(sessionId, transport);
    transport = new NodeStreamableHTTPServerTransport({ sessionIdGenerator: randomUUID, onsessioninitialized: keep });
    transport.onclose = () => sessions.delete(transport.sessionId);
    await small().connect(transport);
  }
  if (transport) await transport.handleRequest(request, response, request.body);
  else response.status(id ? 404 : 400).json({ jsonrpc: '2.0', error: { code: -32000, message: id ? 'Session not found' : 'No session' }, id: null });
}

const sessions = new Map();
if (options.transport === 'stdio') {
  if (options.era === 'legacy') await small().connect(new StdioServerTransport());
  else serveStdio(small, { legacy: options.era === 'modern' ? 'reject' : 'serve' });
} else {
  const app = createMcpExpressApp();
  const handler = toNodeHandler(createMcpHandler(small, { legacy: options.era === 'modern' ? 'reject' : 'stateless' }));
  app.all('/mcp', options.era === 'legacy' ? withSessions : (request, response) => handler(request, response, request.body));
  app.listen(Number(options.port), '127.0.0.1');
}
