/**
 * Writes the kernel and an initramfs for tests into a folder:
 * `node --conditions=@zarch/source tooling/guest-images/make-guest.ts FOLDER [--programs] [GUEST-PATH=HOST-FILE ...]`
 */
import { readFile, stat } from "node:fs/promises";
import type { InitramfsFile } from "../../apps/vmm/src/guest/initramfs.ts";
import { loadTestGuest, writeGuest } from "./test-guest.ts";

const [folder, ...rest] = process.argv.slice(2);
if (folder === undefined) {
  console.error("usage: make-guest.ts FOLDER [--programs] [GUEST-PATH=HOST-FILE ...]");
  process.exit(2);
}
const files: InitramfsFile[] = [];
for (const argument of rest.filter((word) => word !== "--programs")) {
  const equals = argument.indexOf("=");
  const host = argument.slice(equals + 1);
  const path = argument.slice(0, Math.max(0, equals)).replace(/^\/+/, "");
  files.push({ path, content: await readFile(host), mode: (await stat(host)).mode & 0o777 });
}
const guest = await loadTestGuest({
  programs: rest.includes("--programs"),
  files,
  progress: ({ text, fraction }) => console.error(fraction === undefined ? text : `${text} ${Math.round(fraction * 100)} %`),
});
console.log(await writeGuest(guest, folder));
