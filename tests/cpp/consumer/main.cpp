// The gradient of sum(x * x) is 2 x.
#include <ndtape/ndtape.h>

#include <cstdio>

int main() {
  ndtape::Tensor x = ndtape::full({2, 3}, 1.5, ndtape::DType::Float32);
  ndtape::set_requires_grad(x, true);
  ndtape::backward(ndtape::sum(x * x));
  float g = ndtape::grad(x).data<float>()[5];
  std::printf("ndtape %s: the gradient is %g\n", NDTAPE_VERSION, g);
  return g == 3.0f ? 0 : 1;
}
