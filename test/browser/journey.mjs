// The journeys of people through the portal, then every page of every role.
// The server is a demo that has told its story (test/browser/journey_test.go starts it).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { axe, baseURL, check, close, cover, crawl, enter, fits, inspect, launch, login, looks, open, phone, pieces, shape, shot } from './lib.mjs';

// The one-click sign-ins of the demo, by what their buttons say in either language.
const roles = { customer: /Acme/, household: /Durand/, publisher: /Alpes/, operator: /Halle Demo/, auditor: /Ada/, reseller: /Rhône/ };
const password = process.env.HALLE_DEMO_PASSWORD;
const claire = 'claire@acme-sante.example';

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

// signOut goes through the menu of the account, as a person does.
async function signOut(page) {
  await page.locator('details.account summary').click();
  await page.getByRole('button', { name: /sign out|se déconnecter/i }).click();
  await page.waitForURL(`${baseURL()}/`);
}

// refused forgets that the server has just refused a form, which was wanted: the browser counts it as an error.
function refused(page) {
  const at = page.faults.findIndex((fault) => /status of 4\d\d/.test(fault));
  assert.ok(at >= 0, 'the form was to be refused');
  page.faults.splice(at, 1);
}

// running waits on the page of an order until its service can be opened.
async function running(page) {
  await page.waitForURL(/\/orders\//);
  await page.getByRole('link', { name: /open the service|ouvrir le service/i }).waitFor({ timeout: 120_000 });
}

test('a company signs in, orders, watches it run, adds a device, sees usage, opens the invoice, signs out', async () => {
  const page = await open(browser);
  const look = async (name) => {
    await axe(page);
    await shot(page, `journey-${name}`);
  };
  await enter(page, roles.customer);
  await page.goto(baseURL());
  await look('1-storefront');
  await page.getByRole('link', { name: /M2M broker/ }).first().click();
  await page.getByRole('heading', { name: 'M2M broker' }).waitFor();
  await look('2-offer');
  await page.getByRole('link', { name: /^Order/ }).first().click();
  await page.getByLabel('Plan', { exact: true }).selectOption({ label: 'Flex' });
  await page.getByLabel(/^Personal/).check();
  await look('3-order');
  await page.getByRole('button', { name: 'See the final price' }).click();
  await page.getByRole('heading', { name: 'Check and order' }).waitFor();
  await look('4-quote');
  await page.getByRole('button', { name: /^Order and pay/ }).click();
  await page.getByRole('list', { name: 'Progress' }).waitFor();
  await shot(page, 'journey-5-progress');
  await running(page);
  await look('6-running');
  assert.match(await page.getByRole('list', { name: 'Progress' }).innerText(), /It runs/);

  await page.getByRole('link', { name: 'Open the service' }).click();
  await page.getByRole('link', { name: 'Devices', exact: true }).waitFor();
  await look('7-service');
  await page.getByRole('link', { name: 'Devices', exact: true }).click();
  await page.getByLabel('Name', { exact: true }).fill('ward/3');
  await page.getByRole('button', { name: 'Add a device' }).click();
  await page.getByText(/choose a name that is free/).first().waitFor();
  await look('8-device-refused');
  refused(page);
  await page.getByLabel('Name', { exact: true }).fill('ward-3');
  await page.getByRole('button', { name: 'Add a device' }).click();
  const secret = (await page.locator('#password').innerText()).trim();
  assert.ok(secret.length >= 16, 'the password of a device is shown');
  await look('9-device');
  await page.goto(page.url());
  await page.getByText('ward-3').first().waitFor();
  assert.ok(!(await page.content()).includes(secret), 'the password of a device is shown a second time');
  await close(page);
});

test('a company sees what it used, verifies its invoice, prints it', async () => {
  const page = await open(browser);
  await enter(page, roles.customer);
  // The service that the demo left running is the one with a figure in its chart.
  await page.goto(`${baseURL()}/services`);
  const services = await page.locator('a[href^="/services/"]').evaluateAll((links) => [...new Set(links.map((a) => a.href))]);
  for (const service of services) {
    await page.goto(`${service}/usage`);
    if (await page.getByText(/^50 messages in all/).count() > 0) break;
  }
  await page.getByText(/^50 messages in all/).first().waitFor();
  assert.ok(await page.locator('figure svg').first().isVisible(), 'the chart is drawn');
  await axe(page);
  await shot(page, 'journey-a-usage');

  await page.getByRole('link', { name: 'Invoices' }).first().click();
  await page.getByRole('link', { name: /INV-/ }).first().click();
  await page.getByText('Verified').first().waitFor({ timeout: 60_000 });
  await axe(page);
  await shot(page, 'journey-b-invoice');
  const [proof] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: /proof/i }).first().click()]);
  assert.match(proof.suggestedFilename(), /^INV-.*\.proof$/);

  await page.emulateMedia({ media: 'print' });
  for (const part of ['header.bar', 'footer.foot', 'nav.side']) {
    assert.equal(await page.locator(part).isVisible(), false, `${part} is printed`);
  }
  assert.ok(await page.getByRole('heading', { name: /INV-/ }).isVisible(), 'the number of the invoice is not printed');
  await page.setViewportSize({ width: 794, height: 1123 }); // A4
  await shot(page, 'journey-c-print');
  await page.emulateMedia({ media: 'screen' });
  await page.setViewportSize({ width: 1280, height: 900 });

  await signOut(page);
  await page.goto(`${baseURL()}/services`);
  assert.match(page.url(), /sign-in/, 'a page of the customer opens after signing out');
  await close(page);
});

test('a household orders in French: prices with tax, two consents, the right to withdraw', async () => {
  const page = await open(browser, { lang: 'fr', theme: 'light' }, phone);
  const look = async (name) => {
    await axe(page);
    await fits(page);
    await shot(page, `foyer-${name}`);
  };
  await enter(page, roles.household);
  await page.goto(`${baseURL()}/offers/m2m-broker`);
  await page.getByText(/TVA .*(comprise|incluse)/i).first().waitFor();
  await look('1-offre');
  await page.goto(`${baseURL()}/offers/m2m-broker/order?plan=flex`);
  await page.locator('input[name="dataClass"][value="personal"]').check();
  await look('2-commande');
  await page.locator('main form button.button').last().click();
  await page.waitForURL(/\/quotes\//);
  await look('3-devis');
  const order = page.getByRole('button', { name: /^Commander et payer/ });
  await order.click();
  assert.match(page.url(), /\/quotes\//, 'an order passes without the contract read');
  await page.locator('[aria-invalid="true"]').first().waitFor();
  await look('4-refus');
  refused(page);
  await page.locator('input[name="read"]').check();
  await page.locator('input[name="start"]').check();
  await order.click();
  await running(page);
  await page.getByRole('link', { name: /rétract/i }).first().waitFor();
  await look('5-en-route');
  await close(page);
});

test('signing in by e-mail and password: a wrong password is refused, the right one opens', async () => {
  const page = await open(browser);
  await login(page, claire, 'not the password');
  await page.locator('[role="alert"], .flash').first().waitFor();
  assert.match(page.url(), /sign-in/);
  assert.equal(await page.getByLabel(/^Password/).inputValue(), '', 'the password comes back in the page');
  assert.equal(await page.getByLabel(/e-?mail/i).inputValue(), claire, 'the address has to be typed again');
  await axe(page);
  await shot(page, 'sign-in-refused');
  refused(page);
  await login(page, claire, password);
  await page.waitForURL(/\/services/);
  await close(page);
});

test('signing in with the keyboard only', async () => {
  const page = await open(browser);
  await page.goto(`${baseURL()}/sign-in`);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('href')), '#main', 'the first stop leads past the bar');
  await page.keyboard.press('Enter');
  const stop = async (type) => {
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate((t) => document.activeElement.matches(t), type)) return;
    }
    assert.fail(`Tab does not reach ${type}`);
  };
  await stop('input[type=email]');
  await page.keyboard.type(claire);
  await stop('input[type=password]');
  await page.keyboard.type(password);
  await stop('main form button');
  const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(ring, 'none', 'the focused button has no ring');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/services/);
  await close(page);
});

test('everything works without script', async () => {
  const page = await open(browser, { script: false });
  await login(page, claire, password);
  await page.waitForURL(/\/services/);
  await page.goto(`${baseURL()}/offers/m2m-broker/order?plan=flex`);
  await page.locator('input[name="dataClass"][value="internal"]').check();
  await page.getByRole('button', { name: 'See the final price' }).click();
  await page.getByRole('button', { name: /^Order and pay/ }).click();
  await page.waitForURL(/\/orders\//);
  const service = page.getByRole('link', { name: 'Open the service' });
  for (let i = 0; i < 60 && await service.count() === 0; i++) { // this browser follows no <noscript>: reload, as the page would
    await page.waitForTimeout(1000);
    await page.reload();
  }
  await service.click();
  await page.locator('#endpoint').waitFor();
  await page.goto(`${baseURL()}/invoices`);
  await page.getByRole('link', { name: /INV-/ }).first().click();
  await page.getByRole('heading', { name: /Invoice/ }).first().waitFor();
  await signOut(page);
  await close(page);
});

test('the operator answers the work order that waits, and the order goes on', async () => {
  const page = await open(browser);
  await enter(page, roles.operator);
  await axe(page);
  await page.getByText(/nobody registered/).first().waitFor();
  await shot(page, 'operator-1-today');
  await page.goto(`${baseURL()}/operator/work`);
  await page.locator('table a.row, table a').first().click();
  await page.waitForURL(/\/operator\/work\/./);
  await axe(page);
  await shot(page, 'operator-2-work');
  for (const field of await page.locator('main form input:not([type=hidden]), main form textarea, main form select').all()) {
    const kind = await field.evaluate((e) => `${e.tagName.toLowerCase()}:${e.type}:${e.inputMode}`);
    if (/^select/.test(kind)) await field.selectOption({ index: 1 });
    else if (/checkbox|radio/.test(kind)) await field.check();
    else if (/date/.test(kind)) await field.fill('2026-12-01');
    else if (/number|numeric/.test(kind)) await field.fill('1');
    else await field.fill('Gateway mounted and connected');
  }
  await page.locator('main form button.button').first().click();
  await page.waitForURL(`${baseURL()}/operator/work`);
  await axe(page);
  await shot(page, 'operator-3-answered');
  await close(page);
});

// Every page that a role is led to has to open, and is checked in the first look, those that several roles share once. In
// the other looks, those pages are checked that together show every kind of element which the theme or the language could
// break; HALLE_BROWSER_ALL=1 checks all pages in all looks.
const seen = new Set();
const shared = new Set();

async function everyPage(name, signIn) {
  const checked = name === 'household' ? new Set() : shared; // a household's pages have the address of a company's, and differ
  const faults = [];
  const trying = (work) => work.catch((error) => faults.push(error.message));
  const page = await open(browser, looks[0]);
  await signIn(page);
  const pages = [];
  const visit = async (address) => {
    if (checked.has(shape(address))) return;
    checked.add(shape(address));
    pages.push({ address, pieces: await pieces(page) });
    await trying(check(page, name));
  };
  await trying(crawl(page, page.url(), { visit }));
  await trying(close(page));
  const rest = process.env.HALLE_BROWSER_ALL ? pages.map((p) => p.address) : cover(pages, seen);
  await trying(inspect(browser, name, rest, { enter: signIn, among: looks.slice(1) }));
  assert.equal(faults.length, 0, `\n${faults.join('\n\n')}`);
}

describe('pages are accessible and fit a phone, in each look', { concurrency: 2 }, () => {
  test('what everybody sees', () => everyPage('public', (page) => page.goto(baseURL())));
  for (const [role, name] of Object.entries(roles)) {
    test(`what the ${role} sees`, () => everyPage(role, (page) => enter(page, name)));
  }
});
