// SPDX-License-Identifier: GPL-2.0-only
/*
 * Draws what a process has mapped: its VMAs, its page table as a tree, the frames
 * and their reference counts; and the functions of the kernel that ran.
 */
"use strict";

const ROW = 20;
const TOP = 76;
const SVG = "http://www.w3.org/2000/svg";

const pages_of = seen => seen ? seen.tables.filter(entry => !("level" in entry)) : [];
const entries = seen => pages_of(seen).length;
const device_frames = seen => new Set(seen.device.map(page => page.frame));
const copies = seen => pages_of(seen).filter(entry => !device_frames(seen).has(entry.frame)).length;
const faults = data => data.trace.filter(line => line.startsWith("maps_fault: ")).length;

/*
 * The page of the device where a VMA begins. In a private mapping remap_pfn_range()
 * puts the frame into vm_pgoff, by which the kernel tells its pages from copies.
 */
function first_page(seen, vma) {
	const frame = seen.device.findIndex(page => Number(page.frame) === vma.pgoff);

	return vma.pgoff >= seen.device.length && frame >= 0 ? frame : vma.pgoff;
}

/* One row a page of the device or of a VMA, by its offset in the device. */
function rows_of(seen) {
	const rows = seen.device.map((page, i) => ({ page: i, device: page, state: "unmapped" }));
	const found = new Map(pages_of(seen).map(entry => [entry.address, entry]));
	const frames = device_frames(seen);

	seen.view.mappings.forEach((vma, nr) => vma.pages.forEach((page, i) => {
		const at = first_page(seen, vma) + i;
		const entry = found.get(page.address);

		rows[at] = rows[at] || { page: at, device: null };
		Object.assign(rows[at], { vma: nr, entry, address: page.address });
		if (entry)
			rows[at].state = frames.has(entry.frame) ? "device" : "copy";
		else
			rows[at].state = rows[at].device ? "untouched" : "gone";
	}));
	return rows;
}

/* Does the entry of that page map the driver's frame of the same page? */
function deviceAt(seen, page) {
	const row = seen && rows_of(seen)[page];

	return !!(row && row.entry && row.device && row.entry.frame === row.device.frame);
}

function add(parent, name, attributes, text) {
	const element = document.createElementNS(SVG, name);

	for (const key in attributes)
		element.setAttribute(key, attributes[key]);
	if (text !== undefined)
		element.textContent = text;
	parent.append(element);
	return element;
}

const hex = text => text.replace(/^0x/, "");

/* Where the columns are: the copies and the frames take what the width leaves. */
function columns_of(width) {
	const entry = { x: 34, width: 64 };
	const box = Math.min(110, (width - entry.x - entry.width - 56) / 2);
	const frame = { x: width - box - 2, width: box };

	return { entry, frame, copy: { x: frame.x - box - 20, width: box } };
}

function draw_row(svg, row, columns, before) {
	const y = TOP + row.page * ROW;
	const middle = y + ROW / 2;
	const was = before && before[row.page];
	const told = entry => entry ? entry.frame + entry.flags : "";
	const same = told(row.entry) === told(was && was.entry);
	const group = add(svg, "g", { class: row.state + (before && !same ? " changed" : ""), "data-page": row.page,
		"data-state": row.state });
	const text = (x, what, extra) => add(group, "text", { x, y: middle + 4, ...extra }, what);
	const wire = (from, to) => add(group, "path", { class: "wire", "marker-end": "url(#tip)",
		d: `M${from} ${middle} H${to - 1}` });
	const frame = (column, name, refs, kind) => {
		add(group, "rect", { class: `box frame ${kind}`, x: column.x, y: y + 1, width: column.width, height: ROW - 2, rx: 2 });
		text(column.x + 5, name);
		text(column.x + column.width - 5, `×${refs}`, { "text-anchor": "end", class: "refs", "data-refs": refs });
	};

	text(28, row.page, { "text-anchor": "end", class: "faint" });
	if (row.vma !== undefined) {
		add(group, "rect", { class: "box entry", x: columns.entry.x, y: y + 1, width: columns.entry.width, height: ROW - 2 });
		if (row.entry) {
			text(columns.entry.x + 4, parseInt(row.entry.address, 16) >>> 12 & 1023);
			text(columns.entry.x + columns.entry.width - 4, row.entry.flags.replace(".", ""),
				{ "text-anchor": "end", class: "flags" });
		}
	}
	if (row.device)
		frame(columns.frame, hex(row.device.frame), row.device.refs, "");
	else
		text(columns.frame.x, "past the end", { class: "faint" });
	if (row.state === "copy") {
		wire(columns.entry.x + columns.entry.width, columns.copy.x);
		frame(columns.copy, hex(row.entry.frame), row.entry.refs, "copied");
	}
	if (row.state === "device")
		wire(columns.entry.x + columns.entry.width, columns.frame.x);
}

function draw_heads(svg, columns) {
	for (const [column, name] of [[columns.entry, "entry"], [columns.copy, "copy"], [columns.frame, "driver's"]])
		add(svg, "text", { x: column.x, y: TOP - 6, class: "faint" }, name);
}

/* A bracket beside the rows of each VMA. */
function draw_vmas(svg, seen) {
	seen.view.mappings.forEach(vma => {
		const from = TOP + first_page(seen, vma) * ROW + 2;
		const to = from + vma.pages.length * ROW - 4;

		add(svg, "path", { class: "vma", "data-vma": vma.start, d: `M8 ${from} H3 V${to} H8` });
	});
}

/* The page directory, and a line to each page table that it has for these VMAs. */
function draw_tables(svg, seen, columns) {
	const levels = seen.tables.filter(entry => "level" in entry);
	const root = levels.find(entry => entry.level === 0);
	const tables = new Map(levels.filter(entry => entry.level === 1).map(entry => [entry.address, entry]));
	const x = columns.entry.x;
	let nr = 0;

	if (!root)
		return;
	add(svg, "rect", { class: "box", x: 3, y: 3, width: 160, height: ROW });
	add(svg, "text", { x: 8, y: 17 }, `page directory ${hex(root.frame)}`);
	for (const table of tables.values()) {
		const left = x + nr++ * 168;

		add(svg, "path", { class: "wire", d: `M${x - 10} 23 V29 H${left + 10} V34`, "marker-end": "url(#tip)" });
		add(svg, "rect", { class: "box", x: left, y: 34, width: 158, height: ROW, "data-table": table.frame });
		add(svg, "text", { x: left + 5, y: 48 },
			`${parseInt(table.address, 16) >>> 22}: page table ${hex(table.frame)}`);
	}
	if (!tables.size)
		add(svg, "text", { x, y: 48, class: "faint" }, "no page table here yet");
}

function describe(rows) {
	const count = state => rows.filter(row => row && row.state === state).length;

	return `${count("device")} pages map the driver's frames, ${count("copy")} are private copies, ` +
		`${count("untouched")} have no entry.`;
}

/* A figure of @seen, in which what differs from @before is marked. */
function draw_picture(seen, before, title, width) {
	const figure = document.createElement("figure");
	const rows = rows_of(seen);
	const columns = columns_of(width);
	const height = TOP + rows.length * ROW + 4;
	const svg = add(figure, "svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img" });
	const tip = add(svg, "marker", { id: "tip", viewBox: "0 0 6 6", refX: 5, refY: 3, markerWidth: 6,
		markerHeight: 6, orient: "auto" });
	const caption = document.createElement("figcaption");

	add(tip, "path", { d: "M0 0 L6 3 L0 6 Z", fill: "context-stroke" });
	add(svg, "title", {}, `${title}: ${describe(rows)}`);
	draw_tables(svg, seen, columns);
	draw_heads(svg, columns);
	draw_vmas(svg, seen);
	for (const row of rows)
		if (row)
			draw_row(svg, row, columns, before && rows_of(before));
	caption.textContent = `${title}: ` + (seen.view.mappings.map(vma =>
		`${hex(vma.start)}-${hex(vma.end)} ${vma.perm} from page ${first_page(seen, vma)}`).slice(0, 3).join("; ") ||
		"nothing mapped") + (seen.view.mappings.length > 3 ? `; ${seen.view.mappings.length} VMAs` : "");
	figure.append(caption);
	return figure;
}

/* Page faults elsewhere, in the program's own memory, are no part of the story. */
function concerns(block, ranges) {
	const fault = block.lines.find(line => line.text.startsWith("page_fault_user: "));
	const address = fault && Number(/address=(\S+)/.exec(fault.text)[1]);

	return !fault || ranges.some(([start, end]) => address >= start && address < end);
}

function ranges_of(data) {
	const seen = [data.before, data.after, data.child].filter(view => view);

	return seen.flatMap(view => view.view.mappings.map(vma => [Number(vma.start), Number(vma.end)]));
}

/* Where the kernel is entered, as far as it is traced: a block begins. */
const ENTRY = /^(__ia32_sys_|__do_sys_|vm_mmap_pgoff|misc_open|dup_mmap|move_vma)/;

/* Where a line stands below those that ran last: their names are in @stack. */
function depth_of(line, call, stack) {
	if (line.startsWith("page_fault_user: "))
		return 0;
	if (!call)
		return stack.length;

	const caller = stack.lastIndexOf(call[2]);
	return caller >= 0 ? caller + 1 : ENTRY.test(call[2]) || !stack.length ? 0 : 1;
}

/*
 * The trace as a tree: a function's line is "callee <-caller", and it stands below
 * its caller where that ran last, or below the first one where its caller is not
 * traced. Blocks that repeat are told once, and counted.
 */
function blocks_of(trace) {
	const blocks = [];
	const stack = [];

	for (const line of trace) {
		const call = /^(\S+) <-(\S+)$/.exec(line);
		const depth = depth_of(line, call, stack);

		if (depth === 0)
			blocks.push({ lines: [], times: 1 });
		stack.length = depth;
		if (call)
			stack.push(call[1].replace(/\..*/, ""));
		else if (depth === 0)
			stack.push("do_user_addr_fault");
		blocks[blocks.length - 1].lines.push({ depth, text: call ? call[1].replace(/\..*/, "") : line, event: !call });
	}
	return blocks;
}

/* What the picture shows anyway is left out; frames are hexadecimal. */
function tell_event(text) {
	return text.replace(/strategy=\S+ |result=$/g, "").replace(/pfn=(\d+) /, (all, pfn) => `pfn=0x${Number(pfn).toString(16)} `);
}

function draw_trace(parent, data) {
	const ranges = ranges_of(data);
	const told = [];
	const names = block => block.lines.map(line => line.depth + line.text.replace(/: .*/, "")).join();

	for (const block of blocks_of(data.trace).filter(block => concerns(block, ranges))) {
		const last = told[told.length - 1];

		if (last && names(last) === names(block))
			last.times++;
		else
			told.push(block);
	}
	parent.replaceChildren();
	for (const block of told) {
		for (const line of block.lines) {
			const element = document.createElement("div");

			element.style.setProperty("--depth", line.depth);
			element.className = line.event ? "event" : "function";
			element.textContent = line.event ? tell_event(line.text) : `${line.text}()`;
			parent.append(element);
		}
		if (block.times > 1) {
			const element = document.createElement("div");

			element.className = "times";
			element.textContent = `the same ${block.times - 1} times more`;
			parent.append(element);
		}
	}
	if (!told.length)
		parent.textContent = "None of those that are traced.";
}
