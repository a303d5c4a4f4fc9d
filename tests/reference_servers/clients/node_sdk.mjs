// Talks to a server with one of the TypeScript SDKs, and says as JSON what it got.
//
// node node_sdk.mjs MODULES sdk|client stdio COMMAND... | http URL | sse URL
//
// MODULES is the folder in which they are installed; sdk is the package of version 1, client the one of version 2.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, kind, transport, ...target] = process.argv.slice(2);
const { resolve } = createRequire(`${modules}/from-here.js`);
const load = (name) => import(pathToFileURL(resolve(name)));

const parts =
  kind === "sdk"
    ? Object.assign(
        {},
        ...(await Promise.all(
          ["index", "stdio", "streamableHttp", "sse"].map((part) => load(`@modelcontextprotocol/sdk/client/${part}.js`)),
        )),
      )
    : { ...(await load("@modelcontextprotocol/client")), ...(await load("@modelcontextprotocol/client/stdio")) };
const opened = {
  stdio: () => new parts.StdioClientTransport({ command: target[0], args: target.slice(1) }),
  http: () => new parts.StreamableHTTPClientTransport(new URL(target[0])),
  sse: () => new parts.SSEClientTransport(new URL(target[0])),
}[transport]();

// A server behind HTTP+SSE is asked in no other way than by its handshake.
const mode = transport === "sse" ? "legacy" : "auto";
const client = new parts.Client({ name: "node", version: "1" }, { versionNegotiation: { mode } });
let version;
const setVersion = opened.setProtocolVersion?.bind(opened);
opened.setProtocolVersion = (given) => ((version = given), setVersion?.(given));
await client.connect(opened);
const { tools } = await client.listTools();
const called = await client.callTool({ name: "search_repositories", arguments: { query: "hello" } });
const read = await client.readResource({ uri: "repo://alice/hello-world/contents/README.md" });
console.log(
  JSON.stringify({
    version: client.getNegotiatedProtocolVersion?.() ?? version,
    tools: tools.map((tool) => tool.name),
    called: JSON.parse(called.content[0].text).items[0].full_name,
    read: read.contents[0].text,
  }),
);
await client.close();
process.exit(0);
