"""The applications for Gunicorn's workers of class uvicorn, on FastAPI."""
import asyncio
import os
import uuid

import fastapi
import redis.asyncio
from fastapi.responses import PlainTextResponse

app = fastapi.FastAPI()
store = redis.asyncio.Redis(port=int(os.environ.get("REDIS_PORT", "6379")), decode_responses=True)


@app.get("/")
async def hello():
    return PlainTextResponse("Hello, world!")


@app.get("/health")
async def health():
    await asyncio.sleep(0.1)
    return PlainTextResponse("ok")


@app.get("/ping")
async def ping():
    key = f"ping:{uuid.uuid4().hex[:4]}"
    await store.set(key, str(uuid.uuid4()))
    return {"uuid": await store.get(key)}


@app.get("/hit")
async def hit():
    return {"hit": await store.incr("hits")}


@app.get("/user")
async def user():
    return {"user": await store.get("user")}
