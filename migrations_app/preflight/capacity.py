"""Whether an instance fits on a host, by the stock that placement reports."""

from __future__ import annotations

from collections.abc import Mapping

from migrations_app.integrations.interfaces import Hypervisor, Server, Stock


def shortages(server: Server, hypervisor: Hypervisor) -> dict[str, dict[str, int]]:
    """Return what the host has too little of: class -> wanted, free, max_unit.

    ``max_unit`` is the most that one instance may have there, however much is free.
    """
    return {
        name: {"wanted": amount, "free": stock.free, "max_unit": stock.max_unit}
        for name, amount in server.request.amounts.items()
        if (stock := hypervisor.stock.get(name)) is not None
        and amount > min(stock.free, stock.max_unit)
    }


def last_ones(server: Server, hypervisor: Hypervisor) -> list[str]:
    """Return the classes of which it would take the last, which may not be offered."""
    return sorted(
        name
        for name, amount in server.request.amounts.items()
        if (stock := hypervisor.stock.get(name)) is not None
        and 0 <= stock.free - amount < 2  # what is rounded off is less
        and amount > stock.surely_free
    )


def fits_by_stock(server: Server, hypervisor: Hypervisor) -> bool | None:
    """Tell whether the instance fits; None when the stock does not say.

    A class may have its stock elsewhere: a shared disk pool or a nested provider. Of
    what cannot be reckoned, and of required traits, the stock says nothing; and the
    last unit may not be offered.
    """
    if shortages(server, hypervisor):
        return False
    if last_ones(server, hypervisor):
        return None
    wanted = server.request
    if any(name not in hypervisor.stock for name in wanted.amounts):
        return None
    return None if wanted.unknown or wanted.traits else True


def left_after(server: Server, hypervisor: Hypervisor) -> float:
    """Return the free share of the scarcest class once the instance is there.

    Between nought and one where it fits; below nought where it does not.
    """
    shares = [
        (stock.capacity - stock.used - server.request.amounts.get(name, 0))
        / stock.capacity
        for name, stock in hypervisor.stock.items()
        if stock.capacity
    ]
    return min(shares, default=-1.0)


def charged(
    stock: Mapping[str, Stock], resources: Mapping[str, int], *, sign: int
) -> dict[str, Stock]:
    """Return the stock with the resources added (sign 1) or given back (sign -1)."""
    return {
        name: Stock(
            total=each.total,
            reserved=each.reserved,
            ratio=each.ratio,
            used=max(0, each.used + sign * resources.get(name, 0)),
            max_unit=each.max_unit,
        )
        for name, each in stock.items()
    }
