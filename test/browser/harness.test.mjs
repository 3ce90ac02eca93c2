// The checks are worth something only if they find what is wrong: this runs them on a faulty page and on a good one.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axe, close, fits, launch, open, phone, shot, violations } from './lib.mjs';

const faulty = `<!doctype html><html><head></head><body>
  <img src="data:,"><input type="text"><p style="color:#bbb;background:#fff">pale</p>
  <button></button><div style="width:900px">wide</div></body></html>`;
const good = `<!doctype html><html lang="en"><head><title>Good page</title>
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
  <style>body{color:#111;background:#fff}@media(prefers-color-scheme:dark){body{color:#eee;background:#111}}</style></head>
  <body><main><h1>Good page</h1><form><label>E-mail <input type="email" autocomplete="email"></label>
  <button>Sign in</button></form></main></body></html>`;

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

test('axe finds each fault of a faulty page', async () => {
  const page = await open(browser);
  await page.setContent(faulty);
  const found = (await violations(page)).join('\n');
  for (const rule of ['image-alt', 'label', 'color-contrast', 'button-name', 'html-has-lang', 'document-title']) {
    assert.match(found, new RegExp(`^${rule} `, 'm'));
  }
  await assert.rejects(axe(page), /image-alt/);
  await close(page);
});

test('a page that is too wide for a phone is found', async () => {
  const page = await open(browser, {}, phone);
  await page.setContent(faulty.replace('<head>', '<head><meta name="viewport" content="width=device-width">'));
  await assert.rejects(fits(page), /px wide/);
  await close(page);
});

test('a good page passes under a strict content security policy, light and dark', async () => {
  for (const theme of ['light', 'dark']) {
    const page = await open(browser, { lang: 'en', theme }, phone);
    await page.setContent(good);
    await axe(page);
    await fits(page);
    await shot(page, `harness-${theme}`);
    await close(page);
  }
});

test('an error in a script fails the page', async () => {
  const page = await open(browser);
  const seen = page.waitForEvent('pageerror');
  await page.setContent('<!doctype html><title>x</title><script>nothing.here()</script>');
  await seen;
  await assert.rejects(close(page), /nothing is not defined/);
});
