"""The applications for Gunicorn's sync, gthread and gevent workers, on Flask."""
import os
import time
import uuid

import flask
import redis

app = flask.Flask(__name__)
store = redis.Redis(port=int(os.environ.get("REDIS_PORT", "6379")), decode_responses=True)


@app.get("/")
def hello():
    return "Hello, world!"


@app.get("/health")
def health():
    time.sleep(0.1)
    return "ok"


@app.get("/ping")
def ping():
    key = f"ping:{uuid.uuid4().hex[:4]}"
    store.set(key, str(uuid.uuid4()))
    return flask.jsonify(uuid=store.get(key))


@app.get("/hit")
def hit():
    return flask.jsonify(hit=store.incr("hits"))


@app.get("/user")
def user():
    return flask.jsonify(user=store.get("user"))
