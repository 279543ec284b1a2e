"""The applications for Gunicorn's workers of aiohttp with uvloop."""
import asyncio
import os
import uuid

import redis.asyncio
from aiohttp import web

store = redis.asyncio.Redis(port=int(os.environ.get("REDIS_PORT", "6379")), decode_responses=True)


async def hello(_):
    return web.Response(text="Hello, world!")


async def health(_):
    await asyncio.sleep(0.1)
    return web.Response(text="ok")


async def ping(_):
    key = f"ping:{uuid.uuid4().hex[:4]}"
    await store.set(key, str(uuid.uuid4()))
    return web.json_response({"uuid": await store.get(key)})


async def hit(_):
    return web.json_response({"hit": await store.incr("hits")})


async def user(_):
    return web.json_response({"user": await store.get("user")})


app = web.Application()
app.add_routes(
    [
        web.get("/", hello),
        web.get("/health", health),
        web.get("/ping", ping),
        web.get("/hit", hit),
        web.get("/user", user),
    ]
)
