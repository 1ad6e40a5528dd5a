import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cacheDirectory, loadDefaultGuest } from "./default-guest.ts";
import { makeExt4Disk } from "./disk-image.ts";
import { readModuleInfo } from "./module-info.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zarch-guest-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** An ELF64 big-endian file with a .modinfo section. */
function moduleFile(modinfo: string): Uint8Array {
  const info = new TextEncoder().encode(modinfo);
  const names = new TextEncoder().encode("\0.modinfo\0");
  const file = new Uint8Array(64 + 3 * 64 + info.length + names.length);
  const view = new DataView(file.buffer);
  view.setUint32(0, 0x7f454c46);
  view.setUint16(4, 0x0202);
  view.setBigUint64(40, 64n);
  view.setUint16(58, 64);
  view.setUint16(60, 3);
  view.setUint16(62, 2);
  const section = (index: number, name: number, offset: number, size: number) => {
    view.setUint32(64 + index * 64, name);
    view.setBigUint64(64 + index * 64 + 24, BigInt(offset));
    view.setBigUint64(64 + index * 64 + 32, BigInt(size));
  };
  section(1, 1, 256, info.length);
  section(2, 0, 256 + info.length, names.length);
  file.set(info, 256);
  file.set(names, 256 + info.length);
  return file;
}

/** Programs named apt-get, apt-cache and dpkg-deb that behave like the real ones with a tiny archive. */
async function fakeTools(options: { readonly broken?: string; readonly badHash?: boolean } = {}): Promise<void> {
  const bin = join(folder, "bin");
  await mkdir(bin);
  const kernelDeb = "kernel deb";
  const busyboxDeb = "busybox deb";
  const sum = (content: string) => createHash("sha256").update(`${content}\n`).digest("hex");
  const uris = [
    `'http://a.invalid/k.deb' linux-image-6.1-s390x_1_s390x.deb 11 SHA256:${options.badHash ? "0".repeat(64) : sum(kernelDeb)}`,
    `'http://a.invalid/b.deb' busybox-static_1_s390x.deb 12 SHA256:${sum(busyboxDeb)}`,
  ].join("\n");
  const extra = moduleFile("name=extra\0depends=base_mod\0alias=pci:v1\0vermagic=6.1\0");
  const base = moduleFile("name=base_mod\0depends=\0vermagic=6.1\0");
  await writeFile(join(folder, "extra.ko"), extra);
  await writeFile(join(folder, "base.ko"), base);
  const tool = async (name: string, script: string) => {
    await writeFile(join(bin, name), `#!/bin/sh\necho "${name} $*" >>${folder}/log\n${script}\n`);
    await chmod(join(bin, name), 0o755);
  };
  await tool(
    "apt-get",
    options.broken ??
      `case "$*" in
      *--print-uris*) cat <<'END'\n${uris}\nEND\n;;
      *download*) echo '${kernelDeb}' >linux-image-6.1-s390x_1_s390x.deb; echo '${busyboxDeb}' >busybox-static_1_s390x.deb
        echo 'dlstatus:1:50.0:x' >&3 ;;
    esac`,
  );
  await tool("apt-cache", "echo 'Depends: something (= 1), linux-image-6.1-s390x (= 1) | other'");
  await tool(
    "dpkg-deb",
    `case $2 in
      *linux*) mkdir -p $3/boot $3/lib/modules/6.1-s390x/kernel/d; echo kernel >$3/boot/vmlinuz-6.1-s390x
        echo config >$3/boot/config-6.1-s390x; echo kernel/drivers/virtio/virtio.ko >$3/lib/modules/6.1-s390x/modules.builtin
        cp ${folder}/extra.ko $3/lib/modules/6.1-s390x/kernel/d/extra.ko
        for name in base_mod virtio_pci virtio_console virtio_blk virtio-rng virtio_balloon virtio_net ext4 crc32c_generic
        do cp ${folder}/base.ko $3/lib/modules/6.1-s390x/kernel/d/$name.ko; done ;;
      *) mkdir -p $3/bin; echo busybox >$3/bin/busybox ;;
    esac`,
  );
  vi.stubEnv("PATH", `${bin}:${process.env.PATH}`);
}

describe("cacheDirectory", () => {
  it("is $ZARCH_CACHE, or below $XDG_CACHE_HOME if that is absolute, or ~/.cache/zarch", () => {
    expect(cacheDirectory({ ZARCH_CACHE: "/z", XDG_CACHE_HOME: "/x" })).toBe("/z");
    expect(cacheDirectory({ XDG_CACHE_HOME: "/x" })).toBe("/x/zarch");
    expect(cacheDirectory({ XDG_CACHE_HOME: "relative" })).toMatch(/\/\.cache\/zarch$/);
  });
});

describe("loadDefaultGuest", () => {
  it("fetches once, shows progress, keeps what is needed, and needs no apt the second time", async () => {
    await fakeTools();
    const cache = join(folder, "cache");
    const progress: string[] = [];
    const options = { cache, modules: ["extra", "virtio"], progress: ({ text }: { text: string }) => void progress.push(text) };
    const first = await loadDefaultGuest(options);
    expect(first.release).toBe("6.1-s390x");
    expect(new TextDecoder().decode(first.kernel)).toBe("kernel\n");
    expect(await readFile(first.configPath, "utf8")).toBe("config\n");
    expect(progress.join()).toContain("downloading linux-image-6.1-s390x and busybox-static");
    const archive = new TextDecoder("latin1").decode(first.initramfs);
    expect(archive).toContain("kernel/d/extra.ko: kernel/d/base_mod.ko\n");
    expect(archive).toContain("alias pci:v1 extra\n");
    expect((await readdir(join(cache, "guest"))).filter((name) => name.startsWith("work-"))).toEqual([]);
    await rm(join(folder, "log"));
    const second = await loadDefaultGuest(options);
    expect(second).toEqual(first);
    await expect(stat(join(folder, "log"))).rejects.toThrow();
  });

  it("writes apt's lists, cache and state below the cache alone, for s390x, and demands signatures", async () => {
    await fakeTools({ broken: `cat "$(dirname "$(echo "$*" | sed 's/.*-c //; s/ .*//')")"/apt.conf >>${folder}/conf; exit 100` });
    await loadDefaultGuest({ cache: join(folder, "cache") }).catch(() => {});
    const call = (await readFile(join(folder, "log"), "utf8")).split("\n")[0]!;
    for (const path of call.matchAll(/Dir::[A-Za-z:]+=(\S+)/g)) expect(path[1]).toContain(join(folder, "cache/guest/work-"));
    expect(call).toMatch(/Dir::State::lists=.*Dir::State::status=.*Dir::Cache=/);
    const configuration = await readFile(join(folder, "conf"), "utf8");
    expect(configuration).toContain('APT::Architectures { "s390x"; };');
    expect(configuration).toContain('APT::Get::AllowUnauthenticated "false";');
  });

  it("many at once end with one good entry", async () => {
    await fakeTools();
    const cache = join(folder, "cache");
    const guests = await Promise.all(Array.from({ length: 6 }, () => loadDefaultGuest({ cache, modules: ["extra"] })));
    for (const guest of guests) expect(guest.kernelPath).toBe(guests[0]!.kernelPath);
    expect(await readdir(join(cache, "guest"))).toHaveLength(2);
  });

  it("notices a damaged cache and fetches again", async () => {
    await fakeTools();
    const options = { cache: join(folder, "cache"), modules: ["extra"] };
    const { kernelPath, busyboxPath } = await loadDefaultGuest(options);
    await truncate(kernelPath, 3);
    expect(new TextDecoder().decode((await loadDefaultGuest(options)).kernel)).toBe("kernel\n");
    await rm(busyboxPath);
    await loadDefaultGuest(options);
    expect(await readFile(busyboxPath, "utf8")).toBe("busybox\n");
  });

  it.each([
    ["a package with another hash", { badHash: true }, /wrong SHA-256/],
    [
      "no network",
      { broken: "echo 'E: Failed to fetch http://host.invalid/x  Could not resolve' >&2; exit 100" },
      /Failed to fetch the package host/,
    ],
  ])("says what to pass instead, in one line: %s", async (_name, tools, words) => {
    await fakeTools(tools);
    const error = await loadDefaultGuest({ cache: join(folder, "cache"), modules: ["extra"] }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "ERR_ZARCH_NO_DEFAULT_GUEST", kind: "host" });
    expect((error as Error).message).toMatch(words);
    expect((error as Error).message).toMatch(/; name one with --kernel FILE --initrd FILE$/);
    expect((error as Error).message).not.toMatch(/\n|invalid/);
  });

  it("says what to pass instead when the host has no apt", async () => {
    vi.stubEnv("PATH", folder);
    await expect(loadDefaultGuest({ cache: join(folder, "cache") })).rejects.toThrow(
      "cannot get the default guest: this host has no apt-get; name one with --kernel FILE --initrd FILE",
    );
  });
});

describe("readModuleInfo", () => {
  it("reads dependencies, soft dependencies and aliases, with names in one spelling", () => {
    const info = readModuleInfo(moduleFile("depends=a-b,c\0softdep=pre: crypto-x y post: z\0alias=one\0alias=two\0"), "k/my-mod.ko");
    expect(info).toMatchObject({ name: "my_mod", depends: ["a_b", "c"], softPre: ["crypto_x", "y"], aliases: ["one", "two"] });
  });

  it("refuses what is not a module, also when cut off anywhere", () => {
    const file = moduleFile("name=x\0");
    for (let length = 0; length < file.length; length++) {
      expect(() => readModuleInfo(file.subarray(0, length), "x.ko")).toThrow(expect.objectContaining({ code: "ERR_ZARCH_MODULE_FORMAT" }));
    }
    expect(readModuleInfo(file, "x.ko").name).toBe("x");
  });
});

describe("makeExt4Disk", () => {
  it("makes a sparse file, and never replaces one", async () => {
    const path = join(folder, "disk");
    await makeExt4Disk(path, 512 << 20);
    const { size, blocks } = await stat(path);
    expect(size).toBe(512 << 20);
    expect(blocks * 512).toBeLessThan(1 << 20);
    const before = await readFile(path);
    await expect(makeExt4Disk(path, 64 << 20)).rejects.toThrow("the file exists already");
    expect((await readFile(path)).equals(before)).toBe(true);
    expect(await readdir(folder)).toEqual(["disk"]);
  });

  it.each([
    [1000, "multiple of 512"],
    [512, "1 MiB to 16 TiB"],
    [-512, "1 MiB to 16 TiB"],
  ])("refuses a size of %d and leaves nothing behind", async (size, words) => {
    await expect(makeExt4Disk(join(folder, "disk"), size)).rejects.toThrow(words);
    expect(await readdir(folder)).toEqual([]);
  });
});
