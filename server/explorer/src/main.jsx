// The page: Collegium's bar above GraphiQL.
import './workers.js';
import 'monaco-graphql/esm/monaco-editor.js'; // here, so that its style sheet is in ours
import '@graphiql/react/style.css';
import 'graphiql/graphiql.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import '@graphiql/plugin-explorer/style.css';
import './style.css';

import { explorerPlugin } from '@graphiql/plugin-explorer';
import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { useMemo } from 'react';
import { createRoot } from 'react-dom/client';
import { Bar } from './bar.jsx';
import { COLLECTION_PLUGIN, NARROW, asTab } from './collection.jsx';
import { config } from './config.js';
import { credentials, useSession } from './sessions.js';

const HAS_COLLECTION = config.operations.length > 0;
const PLUGINS = [...(HAS_COLLECTION ? [COLLECTION_PLUGIN] : []), explorerPlugin(), HISTORY_PLUGIN];
const FIRST_PLUGIN = HAS_COLLECTION && !matchMedia(NARROW).matches ? COLLECTION_PLUGIN : undefined;
const FIRST_QUERY = '# Write an operation here; Ctrl-Space completes it, Ctrl-Enter runs it.\n\n';
const FIRST_TABS = HAS_COLLECTION ? [asTab(config.operations[0])] : undefined;

function Explorer() {
  const { session, ...changes } = useSession();
  const fetcher = useMemo(() => fetcherOf(session), [session]);
  return (
    <>
      <Bar session={session} {...changes} />
      <main className="explorer">
        <GraphiQL
          fetcher={fetcher}
          plugins={PLUGINS}
          visiblePlugin={FIRST_PLUGIN}
          defaultQuery={FIRST_QUERY}
          defaultTabs={FIRST_TABS}
          defaultEditorToolsVisibility
          showPersistHeadersSettings={false}
          inputValueDeprecation
          schemaDescription
        >
          <GraphiQL.Logo>{null}</GraphiQL.Logo>
        </GraphiQL>
      </main>
    </>
  );
}

/**
 * Asks as the session does: over HTTP, and over a WebSocket for subscriptions.
 * A new fetcher makes GraphiQL read the schema again.
 */
function fetcherOf(session) {
  return createGraphiQLFetcher({
    url: config.endpoint,
    headers: { Accept: 'application/graphql-response+json, application/json;q=0.9', ...credentials(session) },
    enableIncrementalDelivery: false,
    subscriptionUrl: new URL(config.subscriptions, location.href.replace(/^http/, 'ws')).href,
    wsConnectionParams: credentials(session),
  });
}

createRoot(document.getElementById('explorer')).render(<Explorer />);
