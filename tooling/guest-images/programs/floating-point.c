/* Binary floating point in three formats: arithmetic, rounding modes, exceptions, conversions and text. */
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile double one = 1.0, three = 3.0, tiny = DBL_MIN, huge = DBL_MAX, zero = 0.0;
static volatile float onef = 1.0f, threef = 3.0f;
static volatile long double onel = 1.0L, threel = 3.0L;

static uint64_t bits(double value) {
  uint64_t result;
  memcpy(&result, &value, sizeof result);
  return result;
}

static void flags(const char *what) {
  int raised = fetestexcept(FE_ALL_EXCEPT);
  printf("%-22s", what);
  if (raised & FE_INVALID) printf(" invalid");
  if (raised & FE_DIVBYZERO) printf(" divbyzero");
  if (raised & FE_OVERFLOW) printf(" overflow");
  if (raised & FE_UNDERFLOW) printf(" underflow");
  if (raised & FE_INEXACT) printf(" inexact");
  printf("\n");
  feclearexcept(FE_ALL_EXCEPT);
}

static void rounding(void) {
  static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_UPWARD, FE_DOWNWARD};
  static const char *const names[] = {"nearest", "zero", "up", "down"};
  for (int i = 0; i < 4; i++) {
    fesetround(modes[i]);
    printf("%-8s %a %a %La", names[i], one / three, (double)(onef / threef), onel / threel);
    printf(" %a %a", sqrt(three), -one / three);
    printf(" %.0f %.0f %.0f", rint(2.5), rint(-2.5), nearbyint(3.5));
    printf(" %ld %lld\n", lrint(1e15 + 0.5), llrint(-0.7));
  }
  fesetround(FE_TONEAREST);
}

static void exceptions(void) {
  volatile double result;
  feclearexcept(FE_ALL_EXCEPT);
  result = one / zero;
  flags("1 / 0");
  result = zero / zero;
  flags("0 / 0");
  result = huge * three;
  flags("max * 3");
  result = tiny / three;
  flags("min / 3");
  result = one / three;
  flags("1 / 3");
  result = one + three;
  flags("1 + 3");
  result = sqrt(-one);
  flags("sqrt(-1)");
  result = (double)(int64_t)(huge);
  flags("(int64) max");
  result = (float)huge;
  flags("(float) max");
  result = fma(huge, three, -huge);
  flags("fma(max, 3, -max)");
  (void)result;
}

static void conversions(void) {
  static const volatile double values[] = {0.0, -0.0, 0.5, 1.5, 2.5, -1.5, 1e9, -1e9, 4294967295.9, 1e18, 9007199254740993.0};
  for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
    double v = values[i];
    printf("%-22.17g int %d long %ld float %.9g long double %.30Lg", v, (int)(v > 2e9 ? 0 : v), (long)v, (double)(float)v, (long double)v);
    if (v >= 0) printf(" unsigned %lu", (unsigned long)v);
    printf("\n");
  }
  volatile uint64_t big = 0xffffffffffffffffu;
  volatile int64_t low = INT64_MIN;
  printf("%a %a %La %a %a\n", (double)big, (double)low, (long double)big, (double)(float)big, (double)(uint32_t)big);
}

static void text(void) {
  static const char *const texts[] = {"0.1", "1e308", "1e309", "4.9e-324", "2.4e-324", "0x1.8p+1", "nan", "-inf", "123456789012345678901234567890",
                                      "2.2250738585072011e-308", "9007199254740993", "0.30000000000000004"};
  for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
    double d = strtod(texts[i], 0);
    float f = strtof(texts[i], 0);
    long double l = strtold(texts[i], 0);
    if (d != d)
      printf("%s: nan %d %d\n", texts[i], f != f, l != l);
    else
      printf("%s: %016lx %.17g %a %.36Lg\n", texts[i], bits(d), d, (double)f, l);
  }
  printf("%.60f\n%.40Lf\n%e %G %10.3f|%-12.4e|%+g\n", 0.1, 1.0L / 3, 12345.6789, 1e-10, 3.14159, 2.71828, 1.0);
}

static void functions(void) {
  for (int i = -4; i <= 4; i++) {
    double x = i * 0.7 + 0.1;
    printf("%.15g %.15g %.15g %.15g", sin(x), exp(x), atan(x), cbrt(x));
    printf(" %.15g %.15g %.15g", log(fabs(x)), pow(fabs(x), 2.3), tgamma(fabs(x)));
    printf(" %.30Lg %.30Lg\n", sinl((long double)x), expl((long double)x));
  }
  int exponent;
  double part = frexp(1234.5, &exponent), whole, rest = modf(-3.75, &whole);
  printf("%a %d %a %a", part, exponent, rest, whole);
  printf(" %a %a %a", ldexp(0.7, -1060), fmod(1e20, 7.0), remainder(10, 4));
  printf(" %a %a %a\n", nextafter(1, 2), copysign(3, -0.0), fma(0x1.0000001p0, 0x1.0000001p0, -1));
  printf("%d %d %d %d %d\n", fpclassify(zero) == FP_ZERO, isnan(zero / zero), isinf(one / zero), signbit(-0.0) != 0, one < zero / zero);
}

int main(void) {
  rounding();
  exceptions();
  conversions();
  text();
  functions();
  double sum = 0;
  long double suml = 0;
  for (int i = 1; i < 200000; i++) {
    sum += 1.0 / i / i * (i & 1 ? 1 : -1);
    suml += 1.0L / i;
  }
  printf("%a %La\n", sum, suml);
  return 0;
}
