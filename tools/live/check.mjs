// SPDX-License-Identifier: GPL-2.0-only
/*
 * check.mjs PACKAGES PAGE EXPECTED [PICTURES]: opens the live page in a headless
 * Chromium, clicks every step, and compares what the page shows with EXPECTED: what
 * lesson said for each step in the same kernel in QEMU, a line each. Into the folder
 * PICTURES, if it is given, goes a picture of each step.
 */
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [packages, root, expected_file, pictures] = process.argv.slice(2);
const { chromium } = (await import(pathToFileURL(path.join(packages, "playwright-core", "index.js")))).default;
const expected = fs.readFileSync(expected_file, "utf8").trim().split("\n").map(line => JSON.parse(line));
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".txt": "text/plain" };

let passed = 0;
let failed = 0;

function verdict(ok, name, ...why) {
	ok ? passed++ : failed++;
	console.log(`${ok ? "ok" : "not ok"} ${passed + failed} ${name}`);
	if (!ok)
		for (const line of why)
			console.log(`# ${typeof line === "string" ? line : JSON.stringify(line)}`);
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

const server = http.createServer((request, answer) => {
	const file = path.join(root, path.normalize(new URL(request.url, "http://localhost").pathname));

	fs.readFile(file, (error, bytes) => {
		answer.writeHead(error ? 404 : 200, { "Content-Type": types[path.extname(file)] || "application/octet-stream" });
		answer.end(bytes);
	});
});
await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${server.address().port}/index.html`;

const browser = await chromium.launch({
	executablePath: "/usr/bin/chromium",
	args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
});

async function open_page(size, options = {}) {
	const page = await browser.newPage({ viewport: size, ...options });

	page.on("pageerror", error => verdict(false, "no script fails", String(error)));
	return page;
}

/* What the page must show of a process: its rows, told without the page's scripts. */
function rows_expected(seen) {
	if (!seen)
		return null;
	const entries = new Map(seen.tables.filter(e => e.flags).map(e => [e.address, e]));
	const own = new Set(seen.device.map(p => p.frame));
	const rows = seen.device.map((p, i) => [String(i), "unmapped", "", [String(p.refs)]]);

	for (const vma of seen.view.mappings)
		for (const page of vma.pages) {
			const framed = seen.device.findIndex(p => Number(p.frame) === vma.pgoff);
			const at = vma.flags.includes("pf") && framed >= 0 ? framed : vma.pgoff + page.page;
			const entry = entries.get(page.address);
			const device = seen.device[at];

			rows[at] = [String(at), !entry ? device ? "untouched" : "gone" : own.has(entry.frame) ? "device" : "copy",
				entry ? entry.flags.slice(0, -1) : "", device ? [String(device.refs)] : []];
			if (entry && !own.has(entry.frame))
				rows[at][3].push(String(entry.refs));
		}
	return rows;
}

const functions_of = trace => [...new Set(trace.filter(l => / <-/.test(l)).map(l => l.split(" ")[0].replace(/\..*/, "") + "()"))].sort();
const plain = text => text.replace(/0x[0-9a-f]+/g, "ADDRESS");

/* What it shows, read from its elements. */
const read_page = name => {
	const rows = svg => svg && [...svg.querySelectorAll("g")].map(g => [g.dataset.page, g.dataset.state,
		(g.querySelector(".flags") || {}).textContent || "", [...g.querySelectorAll(".refs")].map(t => t.dataset.refs)]);
	const svgs = document.querySelectorAll("#pictures svg");
	const details = document.getElementById(name);

	return {
		ran: details.dataset.ran,
		after: rows(svgs[0]),
		child: rows(svgs[1]) || null,
		calls: [...details.querySelectorAll(".calls li:not(.end)")].map(li => li.textContent),
		end: (details.querySelector(".calls .end") || {}).textContent || "",
		right: details.querySelectorAll(".choice.right").length,
		functions: [...new Set([...document.querySelectorAll("#trace .function")].map(e => e.textContent))].sort(),
		kernel: document.getElementById("status").textContent,
	};
};

async function run_step(page, name, choice = {}) {
	await page.evaluate(step => { location.hash = step; }, name);
	await page.waitForFunction(step => document.getElementById(step).open, name);
	await page.evaluate(step => delete document.getElementById(step).dataset.ran, name);
	for (const label in choice)
		await page.selectOption(`#${name} select[aria-label="${label}"]`, choice[label]);
	await page.click(`#${name} button.run`);
	await page.waitForFunction(step => document.getElementById(step).dataset.ran ||
		!document.getElementById("trouble").hidden, name, { timeout: 120e3 });
}

function compare(step, seen) {
	verdict(seen.ran === step.strategy, `${step.step}: runs`, seen);
	verdict(same(seen.calls.map(plain), step.actions.map(a => plain(`${a.call} = ${a.result}`))),
		`${step.step}: the same calls and results`, seen.calls, step.actions);
	verdict(seen.end === (step.end === "alive" ? "" : `The process was killed by ${step.end}.`),
		`${step.step}: the same end`, seen.end, step.end);
	verdict(same(seen.after, rows_expected(step.after)), `${step.step}: the same pages, frames and references`,
		seen.after, rows_expected(step.after));
	verdict(same(seen.child, rows_expected(step.child)), `${step.step}: and the child's`, seen.child,
		rows_expected(step.child));
	verdict(seen.functions.every(f => functions_of(step.trace).includes(f)) &&
		(seen.functions.length > 0 || !step.trace.length),
		`${step.step}: no function that does not run in QEMU`, seen.functions, functions_of(step.trace));
	verdict(seen.right === 1, `${step.step}: one of the choices is right`, seen.right);
	verdict(seen.kernel.includes(step.kernel), `${step.step}: the same kernel`, seen.kernel, step.kernel);
}

const page = await open_page({ width: 1280, height: 900 });
await page.goto(url);
verdict(await page.evaluate(() => !window.V86), "nothing of the machine is loaded before a click");
const names = await page.evaluate(() => STEPS.map(step => step.name));
verdict(same(names, expected.map(step => step.step)), "the steps are those of lesson", names);

for (const step of expected) {
	await run_step(page, step.step);
	compare(step, await page.evaluate(read_page, step.step));
	if (pictures)
		await page.screenshot({ path: path.join(pictures, `1280-${step.step}.png`) });
}
console.log(`# seconds after the click: ${JSON.stringify(await page.evaluate(() => machine.seconds))}`);

/* Another strategy, and the module with a mistake in it. */
const end_of = name => page.textContent(`#${name} .calls`);

await run_step(page, "dontneed", { "The driver's strategy": "insert_pages" });
verdict(/read page 5 = SIGBUS/.test(await end_of("dontneed")), "dontneed on insert_pages: SIGBUS", await end_of("dontneed"));
await run_step(page, "unmap", { "The module": "offset_from_start" });
verdict(await page.evaluate(() => !deviceAt(shown.data.after, 8)), "unmap, counted from vm_start: the wrong page");
await run_step(page, "past-end", { "The module": "nopage_for_ever" });
verdict(/read page 16 = SIGALRM/.test(await end_of("past-end")), "past the end, NOPAGE: only an alarm ends it",
	await end_of("past-end"));
await run_step(page, "past-end", { "The module": "maps" });
verdict(/read page 16 = SIGBUS/.test(await end_of("past-end")), "the right module again: SIGBUS", await end_of("past-end"));

/* The shell in the terminal, by the keyboard alone. */
await page.focus("#open-terminal");
await page.keyboard.press("Enter");
await page.waitForFunction(() => document.activeElement.closest("#terminal"));
await page.evaluate(() => {
	window.printed = "";
	machine.emulator.add_listener("serial0-output-byte", byte => { printed += String.fromCharCode(byte); });
});
await page.keyboard.type("demo | tail -n 1\n");
const demo = await page.waitForFunction(() => /\nAll results are as expected\./.test(printed), null, { timeout: 60e3 })
	.then(() => true, () => false);
verdict(demo, "the demo runs in the terminal", await page.evaluate(() => printed));
await page.keyboard.press("F6");
verdict(await page.evaluate(() => document.activeElement.id === "open-terminal"), "F6 leaves the terminal");
await page.close();

/* A phone. */
const phone = await open_page({ width: 390, height: 844 }, { isMobile: true, hasTouch: true, colorScheme: "dark" });
await phone.goto(`${url}#fork`);
verdict(await phone.evaluate(() => document.getElementById("fork").open), "#fork opens that step");
for (const step of pictures ? names : ["fork"]) {
	await run_step(phone, step);
	if (pictures)
		await phone.screenshot({ path: path.join(pictures, `390-${step}.png`), fullPage: true });
}
verdict(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing is wider than a phone");
await phone.close();

/* What fails is said. */
const without = await open_page({ width: 800, height: 600 });
await without.addInitScript(() => { delete window.WebAssembly; });
await without.goto(url);
await without.click("#question button.run");
await without.waitForSelector("#trouble:not([hidden])");
verdict(/no WebAssembly/.test(await without.textContent("#trouble")), "without WebAssembly, the page says so");
await without.close();

const broken = await open_page({ width: 800, height: 600 });
await broken.route("**/state.zst", route => route.abort());
await broken.goto(url);
await broken.click("#question button.run");
await broken.waitForSelector("#trouble:not([hidden])");
verdict(/does not work here/.test(await broken.textContent("#trouble")), "without the state, the page says so");
await broken.close();

/* Opened as a file, where nothing can be fetched. */
const file = await open_page({ width: 800, height: 600 });
await file.goto(`${pathToFileURL(path.resolve(root, "index.html"))}#question`);
await run_step(file, "question");
verdict(await file.evaluate(() => document.querySelector("#question .end") !== null), "opened as a file, it works too");
await file.close();

/* Over a slow line: 10 Mbit/s, 40 ms. */
const slow = await open_page({ width: 1280, height: 900 });
const session = await slow.context().newCDPSession(slow);
await session.send("Network.enable");
await session.send("Network.emulateNetworkConditions", { offline: false, latency: 40,
	downloadThroughput: 10e6 / 8, uploadThroughput: 1e6 / 8 });
const began = Date.now();
await slow.goto(`${url}#question`);
const readable = (Date.now() - began) / 1000;
await run_step(slow, "question");
console.log(`# at 10 Mbit/s: readable after ${readable} s; the first step, after the click: ` +
	JSON.stringify(await slow.evaluate(() => machine.seconds)));

await browser.close();
server.close();
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exit(failed ? 1 : 0);
