// The public audits of GraphQL over HTTP against the server at the address given; `--list` prints their ids and names.
import { serverAudits } from "graphql-http";

const url = process.argv[2];
const audits = serverAudits({ url, fetchFn: fetch });

if (url === "--list") {
  console.log(JSON.stringify(audits.map(({ id, name }) => [id, name])));
} else {
  const counts = {};
  for (const { id, name, fn } of audits) {
    const { status, reason } = await fn();
    counts[status] = (counts[status] ?? 0) + 1;
    if (status !== "ok") console.log(`${id} ${status}: ${name} (${reason})`);
  }
  console.log(`${audits.length} audits: ${JSON.stringify(counts)}`);
  process.exitCode = counts.ok === audits.length ? 0 : 1;
}
