// nghttp2's deflater: reads header lists (see ../make.ts) and writes one block a line.
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FIELDS = 512, LINE_BYTES = 1 << 17, BLOCK_BYTES = 1 << 17 };

static char line[LINE_BYTES];
static uint8_t block[BLOCK_BYTES];

static uint8_t *bytes_of(const char *hex, size_t *length) {
  *length = hex == NULL ? 0 : strlen(hex) / 2;
  uint8_t *bytes = malloc(*length + 1);
  for (size_t i = 0; i < *length; i++) {
    unsigned byte;
    sscanf(hex + 2 * i, "%2x", &byte);
    bytes[i] = (uint8_t)byte;
  }
  return bytes;
}

/* strtok would skip the empty word of an empty value. */
static char *word(char **rest) {
  return strsep(rest, " ");
}

int main(void) {
  nghttp2_hd_deflater *deflater = NULL;
  nghttp2_nv fields[MOST_FIELDS];
  size_t count = 0;
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = 0;
    char *rest = line;
    const char *kind = word(&rest);
    if (strcmp(kind, "story") == 0) {
      if (deflater != NULL) nghttp2_hd_deflate_del(deflater);
      nghttp2_hd_deflate_new(&deflater, 4096);
    } else if (strcmp(kind, "table") == 0) {
      nghttp2_hd_deflate_change_table_size(deflater, strtoul(word(&rest), NULL, 10));
    } else if (strcmp(kind, "field") == 0 && count < MOST_FIELDS) {
      nghttp2_nv *field = &fields[count++];
      field->flags = word(&rest)[0] == '1' ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
      field->name = bytes_of(word(&rest), &field->namelen);
      field->value = bytes_of(word(&rest), &field->valuelen);
    } else if (strcmp(kind, "end") == 0) {
      ssize_t length = nghttp2_hd_deflate_hd(deflater, block, sizeof block, fields, count);
      if (length < 0) return 1;
      for (ssize_t i = 0; i < length; i++) printf("%02x", block[i]);
      printf("\n");
      for (size_t i = 0; i < count; i++) {
        free(fields[i].name);
        free(fields[i].value);
      }
      count = 0;
    }
  }
  if (deflater != NULL) nghttp2_hd_deflate_del(deflater);
  return 0;
}
