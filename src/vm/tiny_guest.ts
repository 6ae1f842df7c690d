// Guests of a few bytes for the launcher's tests: firmware that prints on the
// serial port and then hangs, resets or waits. Not part of the product's path.

const FIRMWARE_BYTES = 64 * 1024;
const CODE_OFFSET = 0xf000;
const TEXT_OFFSET = 0xf100;
const RESET_OFFSET = 0xfff0;

/**
 * Firmware that prints `text` (up to 3 KB) on the serial port. Afterwards it halts for ever, or
 * resets the machine as a panicking kernel does, or goes on printing dots.
 */
export function tinyGuest(text: string, then: "halt" | "reset" | "dots"): Uint8Array<ArrayBuffer> {
  const image = new Uint8Array(FIRMWARE_BYTES);
  const ending = {
    halt: "faf4ebfd", //           cli; l: hlt; jmp l
    reset: "baf90cb006ee", //      mov dx, 0xcf9; mov al, 6; out dx, al
    dots: "b02eee31c9e2feebf7", // l: mov al, '.'; out dx, al; xor cx, cx; w: loop w; jmp l
  }[then];
  const code = "be00f1" + // mov si, 0xf100
    "baf803" + //            mov dx, 0x3f8
    "2eac" + //              next: cs lodsb
    "84c0" + //              test al, al
    "7403" + //              jz end
    "ee" + //                out dx, al
    "ebf7" + //              jmp next
    ending;
  image.set(Uint8Array.fromHex(code), CODE_OFFSET);
  image.set(new TextEncoder().encode(text).subarray(0, 3000), TEXT_OFFSET);
  image.set(Uint8Array.fromHex("ea00f000f0"), RESET_OFFSET); // jmp f000:f000
  return image;
}
