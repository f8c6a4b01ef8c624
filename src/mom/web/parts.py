"""The parts on the page: what each does now, what could play it, and swapping its model without a restart."""

import json

from flask import Response, request
from pydantic import Field

from mom.errors import ConflictError, NotFoundError, ParameterError, SettingsError
from mom.models.addresses import parse_address
from mom.models.parts import PartName
from mom.web.bodies import Body
from mom.web.control import ControlApi
from mom.web.services import services
from mom.web.streams import later


class AddressBody(Body):
    address: str = Field(min_length=1, max_length=1_000)
    api_key: str | None = Field(default=None, max_length=1_000, repr=False)


def swap_part(name: str) -> Response:
    """202: the new model is being started; the old one answers until it is ready."""
    part = _part_called(name)
    body = AddressBody.model_validate(request.get_json())
    address = _read_address(body.address)
    control = _control()

    async def swap() -> Response:
        await control.swap(part, address, body.api_key)
        return _json({}, 202)

    return later(swap)


def list_models(name: str) -> Response:
    """The models that the server at an address lists; 400: nothing answers there, or not to this key."""
    part = _part_called(name)
    body = AddressBody.model_validate(request.get_json())
    address = _read_address(body.address)
    control = _control()

    async def ask() -> Response:
        return _json(await control.models_at(part, address, body.api_key))

    return later(ask)


def reset_part(name: str) -> Response:
    """202: the model that the settings name is being started, as for `swap_part`; where they name none, nobody plays the part."""
    part = _part_called(name)
    control = _control()

    async def reset() -> Response:
        await control.reset(part)
        return _json({}, 202)

    return later(reset)


def cancel_change(name: str) -> Response:
    """202: the change of models or the download is given up; 409: nothing is under way."""
    part = _part_called(name)
    control = _control()

    async def cancel() -> Response:
        await control.cancel(part)
        return _json({}, 202)

    return later(cancel)


def read_offers() -> Response:
    control = _control()

    async def read() -> Response:
        return _json(await control.offers())

    return later(read)


def read_choices(name: str) -> Response:
    part = _part_called(name)
    control = _control()

    async def read() -> Response:
        return _json(await control.choices(part))

    return later(read)


def _read_address(words: str) -> str:
    try:
        return str(parse_address(words, name="address"))
    except SettingsError as error:
        raise ParameterError(error.message, param="address") from error


def _part_called(name: str) -> PartName:
    try:
        return PartName(name)
    except ValueError as error:
        names = ", ".join(part.value for part in PartName)
        raise NotFoundError(f"There is no part {name}. There are {names}.") from error


def _control() -> ControlApi:
    control = services().control
    if control is None:
        raise ConflictError("This web process runs by itself, without `mom serve`. Set the parts' addresses in .env.")
    return control


def _json(value: object, status: int = 200) -> Response:
    # On the loop there is no application context, which jsonify needs.
    return Response(json.dumps(value), status, mimetype="application/json")
