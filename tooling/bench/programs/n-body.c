// Planets around a sun, by leapfrog: double precision with square roots and divisions, each step after the one before.
#include "program.h"

enum { BODIES = 6, STEPS = 1000 };

static const double time_step = 1.0 / 256;

struct body {
  double x, y, z, vx, vy, vz, mass;
};

static struct body bodies[BODIES];

/** Circular orbits, a bit inclined, far enough from each other to stay nearly so: rounding errors then grow slowly. */
static void place_bodies(void) {
  bodies[0] = (struct body){.mass = 1000};
  for (int i = 1; i < BODIES; i++) {
    double radius = 5 * i * i, speed = sqrt(bodies[0].mass / radius);
    bodies[i] = (struct body){.x = i & 1 ? radius : -radius, .z = 0.1 * i, .vy = i & 1 ? speed : -speed, .mass = 0.01 * i};
    bodies[0].vy -= bodies[i].vy * bodies[i].mass / bodies[0].mass;
  }
}

static void step(void) {
  for (int i = 0; i < BODIES; i++) {
    struct body *a = bodies + i;
    for (int j = i + 1; j < BODIES; j++) {
      struct body *b = bodies + j;
      double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
      double square = dx * dx + dy * dy + dz * dz;
      double force = time_step / (square * sqrt(square));
      a->vx -= dx * b->mass * force, a->vy -= dy * b->mass * force, a->vz -= dz * b->mass * force;
      b->vx += dx * a->mass * force, b->vy += dy * a->mass * force, b->vz += dz * a->mass * force;
    }
  }
  for (struct body *a = bodies; a < bodies + BODIES; a++) a->x += time_step * a->vx, a->y += time_step * a->vy, a->z += time_step * a->vz;
}

static double energy(void) {
  double total = 0;
  for (int i = 0; i < BODIES; i++) {
    const struct body *a = bodies + i;
    total += 0.5 * a->mass * (a->vx * a->vx + a->vy * a->vy + a->vz * a->vz);
    for (int j = i + 1; j < BODIES; j++) {
      const struct body *b = bodies + j;
      double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
      total -= a->mass * b->mass / sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return total;
}

uint64_t work(uint64_t amount) {
  uint64_t sum = 0;
  place_bodies();
  for (uint64_t round = 0; round < amount; round++) {
    for (int i = 0; i < STEPS; i++) step();
    sum = mix_rounded(sum, energy());
    sum = mix_rounded(sum, bodies[1].x);
  }
  return sum;
}
