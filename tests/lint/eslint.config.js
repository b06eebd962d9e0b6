// What `make schema-lint` asks of schema.graphql: the recommended and the Relay rules of @graphql-eslint, and those of
// its stricter ones that are conventions of ours (docs/schema.md). Deprecations, payloads and user errors are pytest's.
import { fileURLToPath } from "node:url";

import graphql from "@graphql-eslint/eslint-plugin";

const schema = fileURLToPath(new URL("../../schema.graphql", import.meta.url));
const { "flat/schema-recommended": recommended, "flat/schema-relay": relay } = graphql.configs;

export default [
  {
    files: ["**/*.graphql"],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema } } },
    linterOptions: { noInlineConfig: true },
    plugins: { "@graphql-eslint": graphql },
    rules: {
      ...recommended.rules,
      ...relay.rules,
      "@graphql-eslint/alphabetize": [
        "error",
        {
          definitions: false, // the directive stands first
          fields: ["ObjectTypeDefinition", "InterfaceTypeDefinition", "InputObjectTypeDefinition"],
          values: true,
          arguments: ["FieldDefinition"],
        },
      ],
      "@graphql-eslint/input-name": ["error", { checkInputType: true, caseSensitiveInputType: false }],
      "@graphql-eslint/no-scalar-result-type-on-mutation": "error",
      // pages have `nodes` beside `edges`, short lists have no pages, and what is found through its owner needs no id
      "@graphql-eslint/relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false }],
      "@graphql-eslint/require-description": [
        "error",
        {
          types: true,
          rootField: true,
          DirectiveDefinition: false, // @oneOf is GraphQL's own
          EnumValueDefinition: true,
          FieldDefinition: true,
          InputValueDefinition: true,
        },
      ],
      "@graphql-eslint/require-nullable-fields-with-oneof": "error",
      "@graphql-eslint/require-nullable-result-in-root": "error",
      // an id is what `node` finds an object by: pages, payloads and parts of other objects have none
      "@graphql-eslint/strict-id-in-types": "off",
    },
  },
];
