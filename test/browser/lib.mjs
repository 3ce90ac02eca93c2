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
export const phone = { width: 390, height: 844 };

// WCAG 2.2 AA and what axe calls good practice; an issue of axe's "experimental" rules is no violation.
const rules = { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] } };

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
export async function open(browser, { lang = 'en', theme = 'light' } = {}, viewport = desk) {
  const context = await browser.newContext({
    locale: lang === 'fr' ? 'fr-FR' : 'en-GB',
    colorScheme: theme,
    viewport,
    hasTouch: viewport === phone,
    isMobile: viewport === phone,
    reducedMotion: 'reduce',
    timezoneId: 'UTC',
  });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(`script: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') page.faults.push(`console: ${message.text()}`);
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

// close ends the page's session after making sure that nothing went wrong on it unseen.
export async function close(page) {
  await page.context().close();
  assert.deepEqual(page.faults, [], 'errors while the page was open');
}

// login signs in by the form, as a person does: by the labels, whatever the markup is.
export async function login(page, email, password) {
  await page.goto(`${baseURL()}/signin`);
  await page.getByLabel(/e-?mail/i).fill(email);
  await page.getByLabel(/password|mot de passe/i).fill(password);
  await page.getByRole('button', { name: /^(sign in|se connecter)$/i }).click();
  await page.waitForURL((url) => !url.pathname.startsWith('/signin'));
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

// everyLook opens path in each language and theme, on the desk and on the phone, signed in by enter(page), and
// checks it: accessible, language of the document as asked, no sideways scrolling, nothing went wrong.
export async function everyLook(browser, name, address, enter = async () => {}) {
  for (const look of looks) {
    for (const [size, viewport] of [['desk', desk], ['phone', phone]]) {
      const page = await open(browser, look, viewport);
      await enter(page);
      await page.goto(baseURL() + address);
      assert.equal(await page.getAttribute('html', 'lang'), look.lang, `language of ${address}`);
      await axe(page);
      await fits(page);
      await shot(page, `${name}-${look.lang}-${look.theme}-${size}`);
      await close(page);
    }
  }
}
