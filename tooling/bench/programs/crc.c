// Cyclic redundancy checks: CRC-32 by a table of bytes, CRC-32 by eight tables and CRC-16 bit by bit, of the same 64 KiB.
#include "program.h"

enum { SIZE = 65536 };

static uint32_t tables[8][256];

static void make_tables(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; bit++) value = value >> 1 ^ (value & 1 ? 0xedb88320 : 0);
    tables[0][byte] = value;
  }
  for (int table = 1; table < 8; table++) {
    for (int byte = 0; byte < 256; byte++) {
      uint32_t before = tables[table - 1][byte];
      tables[table][byte] = before >> 8 ^ tables[0][before & 255];
    }
  }
}

static uint32_t crc32_bytes(const uint8_t *data, int size) {
  uint32_t crc = ~0u;
  for (int i = 0; i < size; i++) crc = crc >> 8 ^ tables[0][(crc ^ data[i]) & 255];
  return ~crc;
}

static uint32_t crc32_words(const uint8_t *data, int size) {
  uint32_t crc = ~0u;
  for (int i = 0; i < size; i += 8, data += 8) {
    crc ^= data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
    crc = tables[7][crc & 255] ^ tables[6][crc >> 8 & 255] ^ tables[5][crc >> 16 & 255] ^ tables[4][crc >> 24] ^ tables[3][data[4]] ^
          tables[2][data[5]] ^ tables[1][data[6]] ^ tables[0][data[7]];
  }
  return ~crc;
}

static uint32_t crc16_bits(const uint8_t *data, int size) {
  uint32_t crc = 0xffff;
  for (int i = 0; i < size; i++) {
    crc ^= (uint32_t)data[i] << 8;
    for (int bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
    crc &= 0xffff;
  }
  return crc;
}

uint64_t work(uint64_t amount) {
  static uint8_t data[SIZE];
  uint64_t random = 2, sum = 0;
  make_tables();
  for (int i = 0; i < SIZE; i++) data[i] = next_random(&random);
  for (uint64_t round = 0; round < amount; round++) {
    uint32_t slow = crc32_bytes(data, SIZE), fast = crc32_words(data, SIZE);
    sum = mix(mix(mix(sum, slow), fast), crc16_bits(data, SIZE / 4));
    data[round % SIZE] ^= slow;
  }
  return sum;
}
