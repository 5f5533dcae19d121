"""Probability distributions: draws, densities, moments, entropies and divergences.

Parameters are tensors or numbers and broadcast together; all that is computed from them can be
differentiated, and `rsample` draws as a function of them.

Examples
--------
>>> import ndtape as nt
>>> nt.random.seed(0)
>>> loc = nt.tensor(0.0, requires_grad=True)
>>> p = nt.distributions.Normal(loc, 1.0)
>>> nt.mean(p.rsample(1000)).backward()
>>> round(loc.grad.item(), 5)
1.0
"""

from ndtape.distributions._base import Distribution as Distribution
from ndtape.distributions._continuous import Beta as Beta
from ndtape.distributions._continuous import Exponential as Exponential
from ndtape.distributions._continuous import Gamma as Gamma
from ndtape.distributions._continuous import Laplace as Laplace
from ndtape.distributions._continuous import Normal as Normal
from ndtape.distributions._continuous import StudentT as StudentT
from ndtape.distributions._continuous import Uniform as Uniform
from ndtape.distributions._discrete import Bernoulli as Bernoulli
from ndtape.distributions._discrete import Binomial as Binomial
from ndtape.distributions._discrete import Categorical as Categorical
from ndtape.distributions._discrete import Poisson as Poisson
from ndtape.distributions._divergence import kl_divergence as kl_divergence
from ndtape.distributions._multivariate import Dirichlet as Dirichlet
from ndtape.distributions._multivariate import MultivariateNormal as MultivariateNormal

__all__ = [
    "Bernoulli",
    "Beta",
    "Binomial",
    "Categorical",
    "Dirichlet",
    "Distribution",
    "Exponential",
    "Gamma",
    "Laplace",
    "MultivariateNormal",
    "Normal",
    "Poisson",
    "StudentT",
    "Uniform",
    "kl_divergence",
]
