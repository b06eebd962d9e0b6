// Visits the explorer in a headless Chromium and prints, as JSON, what it saw. The tests judge it.
import { chromium } from 'playwright-core';

const task = JSON.parse(process.argv[2]);
const context = await chromium.launchPersistentContext(task.profile, {
  executablePath: task.chromium,
  headless: true,
  viewport: task.viewport ?? { width: 1400, height: 900 },
  colorScheme: task.colorScheme ?? 'light',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
context.setDefaultTimeout(20_000);

const requests = [];
const complaints = [];
context.on('request', (request) => requests.push(request));
context.on('weberror', (error) => complaints.push(String(error.error())));
context.on('console', (message) => {
  if (['error', 'warning'].includes(message.type())) {
    complaints.push(`${message.type()}: ${message.text()}`);
  }
});

const page = context.pages()[0];
page.on('websocket', (socket) => requests.push({ url: () => socket.url(), method: () => 'WebSocket' }));

const visits = { signedIn, bare, subscription };
try {
  console.log(JSON.stringify({ ...(await visits[task.visit]()), ...summary() }));
} catch (error) {
  await shot('failed');
  throw error;
} finally {
  await context.close();
}

/** The default session, the collection, another session, nobody, and the choice after a reload. */
async function signedIn() {
  const headers = await open();
  const config = JSON.parse(await page.locator('#config').textContent());
  const first = { query: await text('operation.graphql'), ...(await run()) };
  await shot('first');
  const { query, variables } = await openOperation(config.operations[1].name);
  const second = { query, variables, ...(await run()) };
  await shot('second');
  const tabs = await page.locator('.graphiql-tab').count();
  const asked = [];
  for (const label of [config.sessions[1].label, '', config.sessions.at(-1).label]) {
    const [schema] = await Promise.all([
      page.waitForRequest(isIntrospection),
      page.locator('#session').selectOption(label),
    ]);
    const { authorization } = await run();
    asked.push({ label, authorization, schemaAuthorization: header(schema), shownAs: await shownAs() });
  }
  await shot('switched');
  const prettified = await prettify(`query   Name{__typename}`);
  await openOperation(config.operations[1].name);
  await stored();
  await page.reload();
  await ready();
  return {
    headers,
    config,
    first,
    second,
    tabs,
    asked,
    prettified,
    kept: { label: await page.locator('#session').inputValue(), ...(await run()) },
    overflow: await overflow(),
    covered: await covered(),
  };
}

/** Without sessions: a token is pasted, used, kept for the tab only, and forgotten. */
async function bare() {
  await open();
  await type('query WhoAmI { viewer }');
  const nobody = await run();
  await page.locator('#token').fill(task.token);
  await shot('paste');
  await page.getByRole('button', { name: 'Sign in' }).click();
  const holder = await page.locator('.bar-name').textContent();
  const pasted = await run();
  await shot('pasted');
  await page.reload();
  await ready();
  const reloaded = await run();
  await stored();
  const storage = await page.evaluate(() => JSON.stringify(localStorage));
  await page.getByRole('button', { name: 'Sign out' }).click();
  return { nobody, holder, pasted, reloaded, storage, forgotten: await run(), overflow: await overflow() };
}

async function subscription() {
  await open();
  await openOperation(task.operation);
  await page.locator('.graphiql-execute-button').click();
  await page.waitForFunction((last) => answerOf().includes(last), task.last);
  return { answer: await text('response.json') };
}

async function open() {
  await page.addInitScript(() => {
    globalThis.answerOf = () => modelOf('response.json')?.getValue() ?? '';
    globalThis.modelOf = (name) => __MONACO.editor.getModels().find(({ uri }) => uri.path.endsWith(name));
  });
  const response = await page.goto(task.url);
  await ready();
  return response.headers();
}

/** Waits for the editors and for the schema. */
async function ready() {
  await page.locator('.graphiql-query-editor .view-lines').waitFor();
  await page.locator('.graphiql-response .monaco-editor').waitFor();
  await page.locator('[aria-label^="Re-fetch GraphQL schema"]:enabled').waitFor();
}

async function openOperation(name) {
  const item = page.locator('.collection-item', { has: page.getByText(name, { exact: true }) });
  if (!(await item.isVisible())) {
    await page.locator('.graphiql-sidebar').getByRole('button', { name: 'Collection' }).click();
  }
  await item.click();
  return { query: await text('operation.graphql'), variables: await text('variables.json') };
}

async function type(query) {
  await page.evaluate((value) => modelOf('operation.graphql').setValue(value), query);
}

async function prettify(query) {
  await page.getByRole('button', { name: 'New tab' }).click();
  await type(query);
  await page.getByRole('button', { name: /^Prettify/ }).click();
  await page.waitForFunction((before) => modelOf('operation.graphql').getValue() !== before, query);
  return text('operation.graphql');
}

/** Runs the operation on show; returns the answer and the header that was sent. */
async function run() {
  await page.evaluate(() => modelOf('response.json').setValue(''));
  const [sent] = await Promise.all([
    page.waitForRequest((request) => request.method() === 'POST' && !isIntrospection(request)),
    page.locator('.graphiql-execute-button').click(),
  ]);
  await page.waitForFunction(() => answerOf().length > 0);
  return { authorization: header(sent), answer: JSON.parse(await text('response.json')) };
}

/** Waits until GraphiQL has stored its tabs, which it does half a second after the last change. */
async function stored() {
  await page.waitForTimeout(1000);
}

function isIntrospection(request) {
  return request.postData()?.includes('IntrospectionQuery');
}

function header(request) {
  return request.headers().authorization ?? null;
}

function text(model) {
  return page.evaluate((name) => modelOf(name)?.getValue() ?? '', model);
}

/** Who one is, as the bar has it. */
async function shownAs() {
  const choice = await page.locator('#session option:checked').textContent();
  return `${await page.locator('.bar-label').textContent()}: ${choice}`;
}

/** By how many pixels the page is wider than the window. */
function overflow() {
  return page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
}

/** Controls of which the middle is outside of the window or beneath something else. */
function covered() {
  return page.evaluate(() => {
    const controls = '#session, .graphiql-execute-button, .graphiql-sidebar button, .graphiql-tab-add';
    const isCovered = (control) => {
      const { x, y, width, height } = control.getBoundingClientRect();
      const top = document.elementFromPoint(x + width / 2, y + height / 2);
      return !(top && (control.contains(top) || top.contains(control)));
    };
    return [...document.querySelectorAll(controls)].filter(isCovered).map((control) => control.outerHTML);
  });
}

async function shot(name) {
  if (task.shots) {
    await page.screenshot({ path: `${task.shots}/${name}.png` });
  }
}

function summary() {
  const urls = requests.map((request) => request.url()).filter((url) => !/^(data|blob):/.test(url));
  return { urls, complaints };
}
