// The journey of a customer through the portal, then every page of every role in every look.
// The server is a demo that has told its story (test/browser/journey_test.go starts it).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axe, baseURL, close, crawl, inspect, launch, open, shot } from './lib.mjs';

// The one-click sign-ins of the demo, by what their buttons say in either language.
const roles = {
  customer: /acme/i,
  household: /household|foyer/i,
  publisher: /publisher|éditeur/i,
  operator: /operator|opérateur/i,
  auditor: /auditor|auditeur/i,
};

async function enter(page, role) {
  await page.goto(`${baseURL()}/signin`);
  await page.getByRole('button', { name: roles[role] }).first().click();
  await page.waitForURL((url) => !url.pathname.startsWith('/signin'));
}

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

test('a customer signs in, orders, watches it run, sees usage, opens the invoice, signs out', async () => {
  const page = await open(browser);
  const look = async (name) => {
    await axe(page);
    await shot(page, `journey-${name}`);
  };

  await enter(page, 'customer');
  await page.goto(baseURL());
  await look('1-storefront');
  await page.getByRole('link', { name: /M2M/i }).first().click();
  await look('2-offer');
  await page.getByRole('link', { name: /^(order|start)/i }).or(page.getByRole('button', { name: /^(order|start)/i })).first().click();
  await look('3-order');
  await page.getByRole('button', { name: /^(order|start)/i }).last().click();
  await page.getByText(/^running$/i).first().waitFor({ timeout: 60_000 });
  await look('4-running');

  await page.getByRole('link', { name: /^usage/i }).first().click();
  await page.getByRole('heading', { name: /usage/i }).first().waitFor();
  await look('5-usage');
  await page.getByRole('link', { name: /^invoices/i }).first().click();
  await page.getByRole('link', { name: /INV-/ }).first().click();
  await page.getByText(/verified/i).first().waitFor();
  await look('6-invoice');

  await page.getByRole('button', { name: /sign out/i }).first().click();
  await page.goto(`${baseURL()}/services`);
  assert.match(page.url(), /signin/, 'a page of the customer opens after signing out');
  await close(page);
});

test('pages that anybody sees are accessible in each look', async () => {
  const page = await open(browser);
  const addresses = await crawl(page, baseURL());
  await close(page);
  await inspect(browser, 'public', addresses);
});

for (const role of Object.keys(roles)) {
  test(`pages of the ${role} are accessible in each look`, async () => {
    const page = await open(browser);
    await enter(page, role);
    const addresses = await crawl(page, page.url());
    await close(page);
    await inspect(browser, role, addresses, (other) => enter(other, role));
  });
}
