// The collection: operations to start from, each opened in a tab of its own.
import { pick, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { Kind, parse } from 'graphql';
import { config } from './config.js';

export const COLLECTION_PLUGIN = { title: 'Collection', icon: Icon, content: Collection };

/** An operation of the collection as a tab holds it. */
export function asTab({ query, variables }) {
  return { query, variables: Object.keys(variables).length > 0 ? JSON.stringify(variables, null, 2) : '' };
}

function Icon(props) {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" {...props}>
      <path d="M5 3h11a2 2 0 0 1 2 2v16l-6.5-4L5 21Z" strokeLinejoin="round" />
      <path d="M8.5 8h6M8.5 12h6" strokeLinecap="round" />
    </svg>
  );
}

function Collection() {
  const open = useOpen();
  return (
    <section className="collection" aria-label="Collection">
      <h2 className="collection-title">Collection</h2>
      <p className="collection-lead">Operations to start from. A click opens one in a tab.</p>
      <ul className="collection-list">
        {config.operations.map((operation) => (
          <li key={operation.name}>
            <button type="button" className="collection-item" onClick={() => open(operation)}>
              <span className="collection-name">{operation.name}</span>
              <span className="collection-description">{operation.description}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Opens an operation in a new tab, or in the one that shows it unchanged. */
function useOpen() {
  const { addTab, changeTab, setOperationFacts, setVisiblePlugin } = useGraphiQLActions();
  const { tabs, queryEditor, variableEditor } = useGraphiQL(pick('tabs', 'queryEditor', 'variableEditor'));
  return (operation) => {
    const { query, variables } = asTab(operation);
    const opened = tabs.findIndex((tab) => tab.query === query && (tab.variables ?? '') === variables);
    if (opened >= 0) {
      changeTab(opened);
    } else {
      addTab();
      queryEditor.setValue(query);
      variableEditor.setValue(variables);
    }
    setOperationFacts(factsOf(query)); // GraphiQL finds them late: until then, it would send the last tab's name
    if (matchMedia(NARROW).matches) {
      setVisiblePlugin(null); // there, the collection covers the editors
    }
  };
}

function factsOf(query) {
  const documentAST = parse(query);
  const operations = documentAST.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  return { documentAST, operations, operationName: operations[0]?.name?.value };
}

/** The screens on which a side panel covers the editors: the same as in style.css. */
export const NARROW = '(max-width: 760px)';
