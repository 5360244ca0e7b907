// SPDX-License-Identifier: GPL-2.0-only
/*
 * save.mjs PACKAGES KERNEL INITRD STATE: boots the machine of the live page in
 * node, without a browser, and saves its state once the shell waits for a key.
 * PACKAGES is the folder of the npm packages. A state is restored with the options
 * that it was saved with: those in machine.json.
 */
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [packages, kernel, initrd, to] = process.argv.slice(2);
const build = path.join(packages, "v86", "build");
const { V86 } = await import(pathToFileURL(path.join(build, "libv86.mjs")));
const machine = JSON.parse(fs.readFileSync(new URL("machine.json", import.meta.url)));
const bios = "/usr/share/seabios/";
const patience = 300e3;

const file = name => ({ buffer: new Uint8Array(fs.readFileSync(name)).buffer });
const began = Date.now();
const emulator = new V86({
	...machine,
	wasm_path: path.join(build, "v86.wasm"),
	bios: file(bios + "bios.bin"),
	vga_bios: file(bios + "vgabios-stdvga.bin"),
	bzimage: file(kernel),
	initrd: file(initrd),
	cmdline: "console=ttyS0 tsc=reliable mitigations=off init_on_free=1 norandmaps panic=0",
	autostart: true,
});

let out = "";
let waiting = null;
emulator.add_listener("serial0-output-byte", byte => {
	out += String.fromCharCode(byte);
	if (waiting && waiting.pattern.test(out))
		waiting.resolve();
	if (out.endsWith("Kernel panic"))
		setTimeout(() => fail("the kernel panicked"), 1000);
});

function say(text) {
	process.stderr.write(`save: ${((Date.now() - began) / 1000).toFixed(1)} s: ${text}\n`);
}

// Once the machine has printed this, whatever it printed before is forgotten.
async function until(pattern) {
	await new Promise(resolve => {
		waiting = { pattern, resolve };
		if (pattern.test(out))
			resolve();
	});
	waiting = null;
	out = "";
}

function fail(why) {
	say(`${why}; the machine printed:\n${out}`);
	process.exit(1);
}

setTimeout(() => fail("time-out"), patience).unref();
process.on("uncaughtException", error => fail(error));

// ash asks for the position of the cursor behind its prompt.
const prompt = /# (\x1b\[6n)?$/;
await until(prompt);
say("the prompt");
emulator.serial0_send("dmesg -n 1; echo 3 >/proc/sys/vm/drop_caches; sleep 1; clear\n");
await until(/\x1b\[J.*# (\x1b\[6n)?$/s);
await emulator.stop();
fs.writeFileSync(to, new Uint8Array(await emulator.save_state()));
say(`saved ${fs.statSync(to).size} bytes`);
process.exit(0);
