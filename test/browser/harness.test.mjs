// The checks are worth something only if they find what is wrong: this runs them on a faulty page and on a good one.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { axe, close, cover, crawl, fits, inspect, launch, open, phone, shape, shot, violations } from './lib.mjs';

const faulty = `<!doctype html><html><head></head><body>
  <img src="data:,"><input type="text"><p style="color:#bbb;background:#fff">pale</p>
  <button></button><div style="width:900px">wide</div></body></html>`;
const good = `<!doctype html><html lang="en"><head><title>Good page</title>
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
  <style>a{color:inherit}body{color:#111;background:#fff}@media(prefers-color-scheme:dark){body{color:#eee;background:#111}}</style></head>
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

// site serves pages by path and gives its address.
async function site(t, pages) {
  const server = createServer((request, response) => {
    const lang = /lang=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? 'en';
    const body = pages[new URL(request.url, 'http://site').pathname];
    response.writeHead(body ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' });
    response.end(!body ? 'nothing here' : good.replace('lang="en"', `lang="${lang}"`).replace('</h1>', `</h1>${body}`));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env.HALLE_URL = `http://127.0.0.1:${server.address().port}`;
  t.after(() => {
    delete process.env.HALLE_URL;
    server.closeAllConnections();
    server.close();
  });
  return process.env.HALLE_URL;
}

test('crawl visits one page of each kind and inspect checks each in every look', async (t) => {
  const url = await site(t, {
    '/': '<p><a href="/orders">Orders</a> <a href="/file.pdf">File</a> <a href="http://192.0.2.1/">Elsewhere</a></p>',
    '/orders': '<p><a href="/orders/ord_1">One</a> <a href="/orders/ord_2">Two</a> <a href="/?page=2">Home</a></p>',
    '/orders/ord_1': '<p>First order</p>',
    '/orders/ord_2': '<p>Second order</p>',
  });
  const page = await open(browser);
  const addresses = await crawl(page, url);
  assert.deepEqual(addresses.map(shape), ['/', '/orders', '/orders/*']);
  await close(page);
  await inspect(browser, 'site', addresses);
});

test('crawl fails at a broken link, inspect at a fault on any page', async (t) => {
  const url = await site(t, { '/': '<p><a href="/gone">Gone</a></p>', '/bad': '<img src="data:,">' });
  const page = await open(browser);
  await assert.rejects(crawl(page, url), /gone answers 404/);
  await page.context().close();
  await assert.rejects(inspect(browser, 'site', [`${url}/bad`]), /image-alt/);
});

test('cover leaves out pages that show nothing new', () => {
  const pages = [{ address: '/a', pieces: ['H1'] }, { address: '/b', pieces: ['H1', 'TABLE'] }, { address: '/c', pieces: ['H1', 'FORM'] }];
  assert.deepEqual(cover(pages), ['/b', '/c']);
});

test('a request to another origin fails the page', async (t) => {
  const url = await site(t, { '/': '<link rel="stylesheet" href="http://127.0.0.1:9/style.css">' });
  const page = await open(browser);
  await page.goto(url).catch(() => {});
  await assert.rejects(close(page), /request to another origin: http:\/\/127\.0\.0\.1:9|Content Security Policy/);
});
