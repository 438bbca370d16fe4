// Serves the page, and hands /api on to the API.
import http from "node:http";

const page = "<!doctype html><title>shop</title><h1>shop</h1>";

http
  .createServer(async (request, response) => {
    if (!request.url.startsWith("/api/")) return response.end(page);
    try {
      const answer = await fetch(process.env.API + request.url.slice("/api".length), { method: request.method });
      response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
    } catch (error) {
      response.writeHead(502).end(String(error));
    }
  })
  .listen(process.env.PORT, "127.0.0.1");
