// An interpreter of a register machine whose instructions are decoded from bytes: a switch in a loop, hard to predict.
#include "program.h"

enum operation { HALT, LOAD_IMMEDIATE, MOVE, ADD, SUBTRACT, MULTIPLY, AND, SHIFT_RIGHT, ADD_IMMEDIATE, LOAD, STORE, JUMP, JUMP_LESS, JUMP_EVEN, CALL, RETURN };
enum { MEMORY = 65536, STACK = 64 };

/** Each instruction has four bytes: operation and three operands; a target or an immediate value takes the last two. */
struct machine {
  const uint8_t *program;
  uint64_t registers[16];
  uint64_t *memory;
};

#define CODE(operation, a, b, c) operation, a, b, c
#define CODE16(operation, a, value) operation, a, (uint8_t)((value) >> 8), (uint8_t)(value)

/** Executes until HALT. Gives the number of instructions. */
static uint64_t run(struct machine *machine) {
  uint64_t *registers = machine->registers, executed = 0;
  uint32_t stack[STACK], depth = 0, counter = 0;
  for (;;) {
    const uint8_t *at = machine->program + counter * 4;
    uint32_t a = at[1], b = at[2], c = at[3], value = b << 8 | c;
    counter++;
    executed++;
    switch ((enum operation)at[0]) {
    case HALT: return executed;
    case LOAD_IMMEDIATE: registers[a] = value; break;
    case MOVE: registers[a] = registers[b]; break;
    case ADD: registers[a] = registers[b] + registers[c]; break;
    case SUBTRACT: registers[a] = registers[b] - registers[c]; break;
    case MULTIPLY: registers[a] = registers[b] * registers[c]; break;
    case AND: registers[a] = registers[b] & registers[c]; break;
    case SHIFT_RIGHT: registers[a] = registers[b] >> c; break;
    case ADD_IMMEDIATE: registers[a] = registers[b] + (int8_t)c; break;
    case LOAD: registers[a] = machine->memory[(registers[b] + c) % MEMORY]; break;
    case STORE: machine->memory[(registers[b] + c) % MEMORY] = registers[a]; break;
    case JUMP: counter = value; break;
    case JUMP_LESS: if (registers[a >> 4] < registers[a & 15]) counter = value; break;
    case JUMP_EVEN: if (registers[a] % 2 == 0) counter = value; break;
    case CALL: stack[depth++ % STACK] = counter; counter = value; break;
    case RETURN: counter = stack[--depth % STACK]; break;
    }
  }
}

/** Lengths of Collatz sequences of the numbers from r1 up to r2; the sum of all in r10. The loop over a sequence is a function. */
static const uint8_t collatz[] = {
    CODE16(LOAD_IMMEDIATE, 10, 0),    // 0
    CODE16(LOAD_IMMEDIATE, 4, 1),     // 1
    CODE16(LOAD_IMMEDIATE, 5, 3),     // 2
    CODE(MOVE, 3, 1, 0),              // 3: next number
    CODE16(LOAD_IMMEDIATE, 6, 0),     // 4
    CODE16(CALL, 0, 11),              // 5
    CODE(ADD, 10, 10, 6),             // 6
    CODE(STORE, 6, 1, 0),             // 7
    CODE(ADD_IMMEDIATE, 1, 1, 1),     // 8
    CODE16(JUMP_LESS, 0x12, 3),       // 9
    CODE(HALT, 0, 0, 0),              // 10
    CODE16(JUMP_LESS, 0x43, 13),      // 11: while r3 > 1
    CODE(RETURN, 0, 0, 0),            // 12
    CODE(ADD_IMMEDIATE, 6, 6, 1),     // 13
    CODE16(JUMP_EVEN, 3, 18),         // 14
    CODE(MULTIPLY, 3, 3, 5),          // 15
    CODE(ADD_IMMEDIATE, 3, 3, 1),     // 16
    CODE16(JUMP, 0, 11),              // 17
    CODE(SHIFT_RIGHT, 3, 3, 1),       // 18
    CODE16(JUMP, 0, 11),              // 19
};

/** Sums of neighbours in memory from r1 up to r2, written back and masked; the sum of all in r10. */
static const uint8_t smooth[] = {
    CODE16(LOAD_IMMEDIATE, 10, 0),    // 0
    CODE16(LOAD_IMMEDIATE, 7, 0x3fff), // 1
    CODE(LOAD, 3, 1, 0),              // 2: next place
    CODE(LOAD, 4, 1, 1),              // 3
    CODE(LOAD, 5, 1, 2),              // 4
    CODE(ADD, 6, 3, 5),               // 5
    CODE(ADD, 6, 6, 4),               // 6
    CODE(SUBTRACT, 8, 6, 3),          // 7
    CODE16(JUMP_LESS, 0x84, 10),      // 8
    CODE(SHIFT_RIGHT, 6, 6, 1),       // 9
    CODE(AND, 6, 6, 7),               // 10
    CODE(STORE, 6, 1, 1),             // 11
    CODE(ADD, 10, 10, 6),             // 12
    CODE(ADD_IMMEDIATE, 1, 1, 1),     // 13
    CODE16(JUMP_LESS, 0x12, 2),       // 14
    CODE(HALT, 0, 0, 0),              // 15
};

uint64_t work(uint64_t amount) {
  static uint64_t memory[MEMORY];
  uint64_t sum = 0;
  struct machine machine = {.memory = memory};
  for (uint64_t round = 0; round < amount; round++) {
    uint64_t first = 1 + round * 500 % 60000;
    machine.program = collatz;
    machine.registers[1] = first;
    machine.registers[2] = first + 500;
    sum = mix(sum, run(&machine));
    sum = mix(sum, machine.registers[10]);
    machine.program = smooth;
    machine.registers[1] = first;
    machine.registers[2] = first + 2000;
    sum = mix(sum, run(&machine));
    sum = mix(sum, machine.registers[10]);
  }
  return sum;
}
