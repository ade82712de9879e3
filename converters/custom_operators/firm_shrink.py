"""Firm shrinkage: small entries become 0, large ones stay, and a line leads from the one to the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nnparity.loading import load_file

SUPPORT = Path(__file__).parents[1] / "support"


def in_torch(x: Any, lower: float, upper: float) -> Any:
    import torch

    size = x.abs()
    line = torch.copysign((size - lower) * (upper / (upper - lower)), x)
    return torch.where(size <= lower, torch.zeros_like(x), torch.where(size <= upper, line, x))


def in_numpy(x: np.ndarray, lower: float, upper: float) -> np.ndarray:
    size = np.abs(x)
    line = np.copysign((size - x.dtype.type(lower)) * x.dtype.type(upper / (upper - lower)), x)
    return np.where(size <= lower, np.zeros_like(x), np.where(size <= upper, line, x))


def in_relay(x: Any, lower: float, upper: float) -> Any:
    from tvm import relay

    size = relay.abs(x)

    def number(value: float) -> Any:
        return relay.cast_like(relay.const(value, "float32"), x)  # attributes are eighths, which float32 holds

    line = relay.sign(x) * (size - number(lower)) * number(upper) / number(upper - lower)
    kept = relay.where(relay.less_equal(size, number(upper)), line, x)
    return relay.where(relay.less_equal(size, number(lower)), relay.zeros_like(x), kept)


IN_TENSORFLOW = """
#include <cmath>

#include "tensorflow/core/framework/common_shape_fns.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"

namespace tf = tensorflow;

REGISTER_OP("Nnparity>FirmShrink")
    .Input("x: T")
    .Output("y: T")
    .Attr("T: {half, bfloat16, float, double}")
    .Attr("lower: float")
    .Attr("upper: float")
    .SetShapeFn(tf::shape_inference::UnchangedShape);

template <typename T, typename Wide>
class FirmShrink : public tf::OpKernel {
 public:
  explicit FirmShrink(tf::OpKernelConstruction* context) : tf::OpKernel(context) {
    float lower, upper;
    OP_REQUIRES_OK(context, context->GetAttr("lower", &lower));
    OP_REQUIRES_OK(context, context->GetAttr("upper", &upper));
    lower_ = lower;
    upper_ = upper;
    slope_ = static_cast<double>(upper) / (static_cast<double>(upper) - lower);
  }

  void Compute(tf::OpKernelContext* context) override {
    const tf::Tensor& x = context->input(0);
    tf::Tensor* y = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, x.shape(), &y));
    const auto from = x.flat<T>();
    auto to = y->flat<T>();
    for (tf::int64 i = 0; i < from.size(); ++i) {
      const Wide value = static_cast<Wide>(from(i));
      const Wide size = std::abs(value);
      const Wide line = std::copysign((size - lower_) * slope_, value);
      to(i) = size <= lower_ ? T(0) : size <= upper_ ? T(line) : from(i);
    }
  }

 private:
  Wide lower_, upper_, slope_;
};

REGISTER_KERNEL_BUILDER(
    Name("Nnparity>FirmShrink").Device(tf::DEVICE_CPU).TypeConstraint<float>("T"), FirmShrink<float, float>);
REGISTER_KERNEL_BUILDER(
    Name("Nnparity>FirmShrink").Device(tf::DEVICE_CPU).TypeConstraint<double>("T"), FirmShrink<double, double>);
REGISTER_KERNEL_BUILDER(
    Name("Nnparity>FirmShrink").Device(tf::DEVICE_CPU).TypeConstraint<Eigen::half>("T"),
    FirmShrink<Eigen::half, float>);
REGISTER_KERNEL_BUILDER(
    Name("Nnparity>FirmShrink").Device(tf::DEVICE_CPU).TypeConstraint<Eigen::bfloat16>("T"),
    FirmShrink<Eigen::bfloat16, float>);
"""

OPERATOR = load_file(SUPPORT / "custom_operator.py").CustomOperator(
    name="firm_shrink",
    symbol="FirmShrink",
    attributes=("lower", "upper"),
    torch=in_torch,
    tensorflow=IN_TENSORFLOW,
    numpy=in_numpy,
    relay=in_relay,
)
