"""The roles that columns of the log have, in the order in which they are asked for."""

from __future__ import annotations

from typing import Literal, get_args

RoleName = Literal["customer_id", "ordered_at", "amount", "order_id", "line_id", "updated_at", "status",
                   "currency"]  # fmt: skip
ROLES: tuple[str, ...] = get_args(RoleName)
