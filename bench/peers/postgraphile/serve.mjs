// PostGraphile over the database in DATABASE_URL, on a free port; prints its address. Needs Node 22 or newer.
import { createServer } from "node:http";

import { grafserv } from "postgraphile/grafserv/node";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const preset = {
  extends: [PostGraphileAmberPreset],
  schema: { defaultBehavior: "-connection +list" },
  grafast: { explain: false },
  grafserv: { graphiql: false },
  pgServices: [makePgService({ connectionString: process.env.DATABASE_URL, schemas: ["public"] })],
};

const server = createServer();
await postgraphile(preset).createServ(grafserv).addTo(server);
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
