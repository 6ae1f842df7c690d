// The probe guest: 64 KiB of firmware that goes from real mode to long mode, counts for
// 20 million rounds, touches SSE and the page tables, and ends QEMU with a status.
// Real KVM needs milliseconds for it. A host that pretends fails: it aborts on the CPU
// model, knows no such instruction, or interprets each one and takes minutes.

const FIRMWARE_BYTES = 64 * 1024;
/** Where the code begins, 512 bytes below 4 GiB and below 1 MiB alike. */
const CODE_OFFSET = 0xfe00;
/** The processor's first instruction: sixteen bytes below the end. */
const RESET_OFFSET = 0xfff0;

/** I/O port of QEMU's isa-debug-exit. */
export const PROBE_PORT = "0x501";
/** isa-debug-exit makes (value << 1) | 1 of the byte written, 0x2a. */
export const PROBE_STATUS = (0x2a << 1) | 1;

const CODE = `
  fa                        cli
  2e660f0116d0fe            lgdtl  cs:gdtr
  0f20c0                    mov    eax, cr0
  6683c801                  or     eax, 1
  0f22c0                    mov    cr0, eax          ; protected mode
  66ea1afe0f000800          ljmp   8:protected
  66b81000                  protected: mov ax, 16
  8ed8                      mov    ds, ax
  8ec0                      mov    es, ax
  8ed0                      mov    ss, ax
  bc00800000                mov    esp, 0x8000
  31c0                      xor    eax, eax          ; page tables at 0x1000, 0x2000, 0x3000
  bf00100000                mov    edi, 0x1000
  b9000c0000                mov    ecx, 0xc00
  fc                        cld
  f3ab                      rep stosd
  c7050010000003200000      mov    [0x1000], 0x2003
  c7050020000003300000      mov    [0x2000], 0x3003
  c7050030000083000000      mov    [0x3000], 0x83    ; the first 2 MiB, one to one
  b800100000                mov    eax, 0x1000
  0f22d8                    mov    cr3, eax
  b820060000                mov    eax, 0x620        ; PAE, OSFXSR, OSXMMEXCPT
  0f22e0                    mov    cr4, eax
  b9800000c0                mov    ecx, 0xc0000080   ; EFER
  0f32                      rdmsr
  0d00010000                or     eax, 0x100        ; LME
  0f30                      wrmsr
  b811000080                mov    eax, 0x80000011   ; PG, ET, PE
  0f22c0                    mov    cr0, eax
  ea83fe0f001800            ljmp   24:long           ; below: 64-bit code
  b9002d3101                long: mov ecx, 20000000
  31c0                      xor    eax, eax
  01c8                      round: add eax, ecx
  ffc9                      dec    ecx
  75fa                      jnz    round
  660f6ec0                  movd   xmm0, eax
  660ffec0                  paddd  xmm0, xmm0
  660f7ec0                  movd   eax, xmm0
  0f20db                    mov    rbx, cr3
  0f22db                    mov    cr3, rbx
  66ba0105                  mov    dx, 0x501
  b02a                      mov    al, 0x2a
  ee                        out    dx, al            ; QEMU ends here
  f4                        wait: hlt
  ebfd                      jmp    wait
  90909090                  pad to 8
  0000000000000000          gdt: null
  ffff0000009bcf00          8: code, 32 bits
  ffff00000093cf00          16: data
  ffff0000009baf00          24: code, 64 bits
  1f00b0fe0f00              gdtr: limit 31, base 0xffeb0
`;

/** ljmp f000:fe00 */
const RESET_CODE = "ea00fe00f0";

/** The firmware image, made anew at each call. */
export function probeFirmware(): Uint8Array<ArrayBuffer> {
  const image = new Uint8Array(FIRMWARE_BYTES);
  const code = CODE.trim().split("\n").map((line) => line.trim().split(" ")[0]).join("");
  image.set(Uint8Array.fromHex(code), CODE_OFFSET);
  image.set(Uint8Array.fromHex(RESET_CODE), RESET_OFFSET);
  return image;
}
