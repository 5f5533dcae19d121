// Independent multiply-adds on registers: the most FLOP/s that a core can do.
#define LOOP(name, type, count)                                                     \
  typedef type name##_v __attribute__((vector_size(WIDTH)));                        \
  double name(long n) {                                                             \
    volatile type factor = (type)0.999999;                                          \
    name##_v x = {0}, a[count];                                                     \
    x += factor;                                                                    \
    for (int i = 0; i < count; ++i) a[i] = x + (type)i;                             \
    for (long j = 0; j < n; ++j) {                                                  \
      _Pragma("GCC unroll 16") for (int i = 0; i < count; ++i) a[i] = a[i] * x + x; \
    }                                                                               \
    name##_v sum = a[0];                                                            \
    for (int i = 1; i < count; ++i) sum += a[i];                                    \
    volatile type keep = sum[0];                                                    \
    (void)keep;                                                                     \
    return 2.0 * n * count * (WIDTH / sizeof(type));                                \
  }

#if defined(__AVX512F__)
#define WIDTH 64
#elif defined(__AVX__)
#define WIDTH 32
#else
#define WIDTH 16
#endif

LOOP(fma_float32, float, 12)
LOOP(fma_float64, double, 12)
