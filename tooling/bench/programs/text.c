// text BYTES: writes so many bytes of words to standard output, for compressors. Always the same ones.
#include <stdio.h>
#include <stdlib.h>

#include "words.h"

int main(int argc, char **argv) {
  size_t size = argc > 1 ? strtoull(argv[1], 0, 10) : 0;
  char *text = malloc(size + 1);
  if (!text) return 1;
  write_words(text, size, 1);
  return fwrite(text, 1, size, stdout) == size && fflush(stdout) == 0 ? 0 : 1;
}
