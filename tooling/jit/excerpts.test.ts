import { describe, expect, it } from "vitest";
import { renewExcerpts } from "./excerpts.ts";

const listing = `;; # A program.

(module
  (func $region
    ;; entry: registers
    (local.set $r1)
    (loop $again

      ;; 1000e again: lgr %r1,%r2
      (local.set $r1
        (local.get $r2))

      ;; 10012: br %r14
      (br $out)
    )
  )
)
`;

describe("excerpts from golden files in documentation", () => {
  const page = (place: string, shown: string): string => `Text.\n\n<!-- golden sum: ${place} -->\n\`\`\`wat\n${shown}\`\`\`\nMore.\n`;
  const renewed = (place: string, shown = ""): string => renewExcerpts(page(place, shown), () => listing);

  it("are replaced by the code behind a comment, up to the next", () => {
    const piece = ";; 1000e again: lgr %r1,%r2\n(local.set $r1\n  (local.get $r2))\n";
    expect(renewed("1000e again")).toBe(page("1000e again", piece));
    expect(renewed("1000e again", "old\nwords\n")).toBe(page("1000e again", piece));
  });

  it("end where what is around them ends", () => {
    expect(renewed("10012")).toBe(page("10012", ";; 10012: br %r14\n(br $out)\n"));
  });

  it("that exist no more are an error; all other text stays", () => {
    expect(() => renewed("20000")).toThrow("20000");
    expect(renewExcerpts("```wat\nkept\n```\n", () => listing)).toBe("```wat\nkept\n```\n");
  });
});
