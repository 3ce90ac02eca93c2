// What every journey needs: a browser with a language and a theme, an accessibility check that fails, a picture.
//
// Settings come from the environment, so that the Go test which starts the server says where it is:
//   HALLE_URL       address of the server, without a slash at the end
//   HALLE_SHOTS     folder for pictures; none are taken when it is unset
//   HALLE_CHROMIUM  the browser's program; found among the usual names when it is unset
import assert from 'node:assert/strict';
import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromium } from 'playwright-core';

const require = createRequire(import.meta.url);
const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const languages = ['en', 'fr'];
export const themes = ['light', 'dark'];
export const looks = languages.flatMap((lang) => themes.map((theme) => ({ lang, theme })));
export const desk = { width: 1280, height: 900 };
export const phone = { width: 360, height: 780 };

// WCAG 2.2 AA and what axe calls good practice; an issue of axe's "experimental" rules is no violation.
const rules = { resultTypes: ['violations'], runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] } };

// The first flags let it run as root in a container; the others keep it from calling anybody but the server under test.
const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
];

export function baseURL() {
  const url = process.env.HALLE_URL;
  assert.ok(url, 'HALLE_URL is not set: run this through go test ./test/browser, which starts the server');
  return url;
}

function program() {
  const named = process.env.HALLE_CHROMIUM;
  const names = named ? [named] : ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  const found = names.find((name) => {
    try {
      accessSync(name, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  assert.ok(found, `no browser at ${names.join(', ')}: run make test, which installs Chromium, or set HALLE_CHROMIUM`);
  return found;
}

// launch starts one browser; each page gets a fresh context from it (open), so cookies never leak between roles.
export function launch() {
  return chromium.launch({ executablePath: program(), headless: true, args: flags });
}

// open makes a page of its own session. look = {lang, theme}; viewport = desk or phone.
// The page carries what went wrong on it: errors of scripts and console, and requests to another origin.
// script: false is a browser without script.
export async function open(browser, { lang = 'en', theme = 'light', script = true } = {}, viewport = desk) {
  const context = await browser.newContext({
    locale: lang === 'fr' ? 'fr-FR' : 'en-GB',
    colorScheme: theme,
    viewport,
    hasTouch: viewport === phone,
    isMobile: viewport === phone,
    reducedMotion: 'reduce',
    timezoneId: 'UTC',
    javaScriptEnabled: script,
  });
  context.setDefaultTimeout(60_000);
  // A person in the demo may have a language of their own; the cookie wins over it and over Accept-Language.
  if (process.env.HALLE_URL) await context.addCookies([{ name: 'lang', value: lang, url: process.env.HALLE_URL }]);
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(`script: ${error.message}`));
  page.on('console', (message) => {
    const from = message.location().url;
    if (message.type() === 'error' && !from.endsWith('/favicon.ico') && !(lacks(from) && /status of 422/.test(message.text()))) page.faults.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    const home = process.env.HALLE_URL;
    if (home && url.protocol.startsWith('http') && url.origin !== new URL(home).origin) {
      page.faults.push(`request to another origin: ${url.origin}`);
    }
  });
  return page;
}

// lacks tells an address that answers 422 with a page: what an invoice lacks for a national form.
function lacks(address) {
  return /\/machine\/[a-z-]+$/.test(new URL(address || 'about:blank').pathname);
}

// close ends the page's session after making sure that nothing went wrong on it unseen.
export async function close(page) {
  await page.context().close();
  // In the message, because older releases of Node leave a custom message without the values.
  assert.equal(page.faults.length, 0, `while the page was open:\n  ${page.faults.join('\n  ')}`);
}

// enter signs in with one press as somebody of the demo, by what the button says in either language.
export async function enter(page, name) {
  await page.goto(`${baseURL()}/demo`);
  await page.getByRole('button', { name }).click();
  await page.waitForURL((url) => url.pathname !== '/demo');
}

// login signs in by the form, as a person does: by the labels, whatever the markup is.
export async function login(page, email, password) {
  await page.goto(`${baseURL()}/sign-in`);
  await page.getByLabel(/e-?mail/i).fill(email);
  await page.getByLabel(/^(password|mot de passe)/i).fill(password);
  await page.getByRole('button', { name: /^(sign in|se connecter)$/i }).click();
}

// violations is what axe finds on the page as it is now: one line a node, rule first.
// axe is evaluated through the debugger, which the page's content security policy does not concern.
export async function violations(page) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axeSource);
  const result = await page.evaluate((options) => window.axe.run(document, options), rules);
  return result.violations.flatMap((v) =>
    v.nodes.map((n) => `${v.id} (${v.impact}): ${v.help}: ${n.target.join(' ')}\n    ${n.html.slice(0, 200)}`));
}

// axe asserts that there are none.
export async function axe(page) {
  const found = await violations(page);
  assert.equal(found.length, 0, `axe on ${page.url()}:\n  ${found.join('\n  ')}`);
}

// fits asserts that the page needs no sideways scrolling, which is how a page breaks on a phone. window.innerWidth is
// no measure: a phone's browser zooms out until a page that is too wide fits.
export async function fits(page) {
  const { width } = page.viewportSize();
  const full = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(full <= width, `${page.url()} is ${full} px wide on a screen of ${width} px`);
}

// shot takes a picture of the whole page for a person to look at.
export async function shot(page, name) {
  const folder = process.env.HALLE_SHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
}

// shape is the address of a page without what differs between two of its kind: identifiers, numbers, keys of offers,
// the query.
export function shape(url) {
  const parts = new URL(url).pathname.split('/');
  return parts.map((part, i) => (/[0-9]/.test(part) || parts[i - 1] === 'offers' && part !== 'new' ? '*' : part)).join('/');
}

// crawl follows the links of a page within its origin and gives one address for each shape it finds, in the order of
// finding. It only follows links, which change nothing; forms are left alone, files to be saved have to be there. visit is
// done with each page while it is open.
export async function crawl(page, start, { most = 200, visit = async () => {} } = {}) {
  const found = new Map();
  const files = new Set();
  const queue = [new URL(start, page.url()).href];
  while (queue.length > 0) {
    const address = queue.shift();
    if (found.has(shape(address)) || files.has(shape(address))) continue;
    assert.ok(found.size < most, `more than ${most} kinds of pages: does a page make links without end?\n${[...found.keys()].join('\n')}`);
    const response = await page.goto(address).catch((error) => {
      if (!/Download is starting/.test(error.message)) throw error;
    });
    if (!response || !/^text\/html/.test(response.headers()['content-type'])) { // a file, not a page
      const file = await page.request.get(address);
      assert.ok(file.ok(), `${address} answers ${file.status()}`);
      files.add(shape(address));
      continue;
    }
    assert.ok(response.ok() || response.status() === 422 && lacks(address), `${address} answers ${response.status()}`);
    found.set(shape(address), address);
    // A redirect counts for both: the kind of page asked for and the one that came.
    if (!found.has(shape(page.url()))) found.set(shape(page.url()), page.url());
    queue.push(...await page.evaluate(() => [...document.querySelectorAll('a[href]:not([download])')]
      .map((a) => new URL(a.getAttribute('href'), location.href)) // a link in a chart has no text in a.href
      .filter((url) => url.origin === location.origin && !/\.[a-z0-9]{2,5}$/i.test(url.pathname) && !url.pathname.startsWith('/api/'))
      .map((url) => url.origin + url.pathname + url.search)));
    await visit(address);
  }
  return [...found.values()];
}

// check looks at the page that is open: accessible on the desk, no sideways scrolling on a phone, in the language that was
// asked for, pictures of both.
export async function check(page, name, look = looks[0]) {
  assert.equal(await page.getAttribute('html', 'lang'), look.lang, `language of ${page.url()}`);
  await axe(page);
  const file = `${name}${shape(page.url()).replaceAll('/', '-').replaceAll('*', 'x')}-${look.lang}-${look.theme}`;
  await shot(page, `${file}-desk`);
  await page.setViewportSize(phone);
  await fits(page);
  await shot(page, `${file}-phone`);
  await page.setViewportSize(desk);
}

// inspect checks addresses in each of the given looks, signed in by enter(page), and tells all faults at its end.
export async function inspect(browser, name, addresses, { enter = async () => {}, among = looks } = {}) {
  const faults = [];
  for (const look of among) {
    const page = await open(browser, look);
    await enter(page);
    for (const address of addresses) {
      const response = await page.goto(address);
      if (!response.ok() && !(response.status() === 422 && lacks(address))) faults.push(`${address} answers ${response.status()} in ${look.lang}, ${look.theme}`);
      await check(page, name, look).catch((error) => faults.push(error.message));
    }
    await close(page).catch((error) => faults.push(error.message));
  }
  assert.equal(faults.length, 0, faults.join('\n\n'));
}

// pieces are the kinds of elements on the page that is open: what a theme or a language can break.
export function pieces(page) {
  return page.evaluate(() => [...new Set([...document.querySelectorAll('main, main *')].map((e) => `${e.tagName}.${[...e.classList].sort().join('.')}`))]);
}

// cover picks addresses until every piece that any of them has was seen. pages = [{address, pieces}].
export function cover(pages, seen = new Set()) {
  const chosen = [];
  for (const { address, pieces } of [...pages].sort((a, b) => b.pieces.length - a.pieces.length)) {
    if (pieces.every((piece) => seen.has(piece))) continue;
    pieces.forEach((piece) => seen.add(piece));
    chosen.push(address);
  }
  return chosen;
}
