"""Declared models, one per file, by name; each is imported when it is first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from theory.errors import ParameterError, did_you_mean

REGISTRY = {
    "bayes-linear-regression": "theory.models.bayes_linear_regression:BayesLinearRegression",
    "bayes-perceptron": "theory.models.bayes_perceptron:BayesPerceptron",
    "bayes-sparse-regression": "theory.models.bayes_sparse_regression:BayesSparseRegression",
    "committee": "theory.models.committee:Committee",
    "elastic-net": "theory.models.elastic_net:ElasticNet",
    "flow-linear-regression": "theory.models.sgd_linear_regression:FlowLinearRegression",
    "flow-random-features": "theory.models.sgd_random_features:FlowRandomFeatures",
    "gardner": "theory.models.gardner:Gardner",
    "gd-linear-regression": "theory.models.sgd_linear_regression:GDLinearRegression",
    "gd-random-features": "theory.models.sgd_random_features:GDRandomFeatures",
    "glm-flow": "theory.models.glm_flow:GLMFlow",
    "gradient-flow-regression": "theory.models.gradient_flow_regression:GradientFlowRegression",
    "hopfield": "theory.models.hopfield:Hopfield",
    "kernel-regression": "theory.models.kernel_regression:KernelRegression",
    "lasso": "theory.models.lasso:Lasso",
    "linear-network": "theory.models.linear_network:LinearNetwork",
    "logistic-regression": "theory.models.logistic_regression:LogisticRegression",
    "max-margin": "theory.models.max_margin:MaxMargin",
    "momentum-regression": "theory.models.momentum_regression:MomentumRegression",
    "one-pass-linear-regression": "theory.models.sgd_linear_regression:OnePassLinearRegression",
    "one-pass-random-features": "theory.models.sgd_random_features:OnePassRandomFeatures",
    "out-of-distribution": "theory.models.out_of_distribution:OutOfDistribution",
    "nonlinear-feature-regression": "theory.models.nonlinear_feature_regression:NonlinearFeatureRegression",
    "p-spin-langevin": "theory.models.p_spin_langevin:PSpinLangevin",
    "random-feature-flow": "theory.models.random_feature_flow:RandomFeatureFlow",
    "random-feature-regression": "theory.models.random_feature_regression:RandomFeatureRegression",
    "recurrent-network": "theory.models.recurrent_network:RecurrentNetwork",
    "sgd-linear-regression": "theory.models.sgd_linear_regression:SGDLinearRegression",
    "sgd-random-features": "theory.models.sgd_random_features:SGDRandomFeatures",
    "sherrington-kirkpatrick": "theory.models.sherrington_kirkpatrick:SherringtonKirkpatrick",
    "spike-and-slab-regression": "theory.models.spike_and_slab_regression:SpikeAndSlabRegression",
    "spherical-p-spin": "theory.models.spherical_p_spin:SphericalPSpin",
    "support-vector": "theory.models.support_vector:SupportVector",
    "three-layer-network": "theory.models.three_layer_network:ThreeLayerNetwork",
    "two-layer-network": "theory.models.two_layer_network:TwoLayerNetwork",
    "two-matrix-flow": "theory.models.two_matrix_flow:TwoMatrixFlow",
    "two-ridge-regression": "theory.models.two_ridge_regression:TwoRidgeRegression",
    "variance-limited-regression": "theory.models.variance_limited_regression:VarianceLimitedRegression",
}
"""Public name -> module:class."""

_CLASSES = {path.partition(":")[2]: name for name, path in REGISTRY.items()}

__all__ = ["REGISTRY", "load", "names", *_CLASSES]


def names() -> tuple[str, ...]:
    """Public names of the models."""
    return tuple(REGISTRY)


def load(name: str) -> Any:
    """The class of a model by its public name; ParameterError with the nearest name otherwise."""
    if name not in REGISTRY:
        raise ParameterError(f"no model {name!r}; {did_you_mean(name, REGISTRY)}")
    module, _, attribute = REGISTRY[name].partition(":")
    return getattr(import_module(module), attribute)


def __getattr__(attribute: str) -> Any:
    if attribute in _CLASSES:
        return load(_CLASSES[attribute])
    raise AttributeError(f"module {__name__!r} has no attribute {attribute!r}; {did_you_mean(attribute, _CLASSES)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_CLASSES])
