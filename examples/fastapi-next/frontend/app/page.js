'use client';

import { useEffect, useState } from 'react';

// Filled in by the dev server from the environment that devinit gives it, so it holds the backend's real port.
const apiUrl = process.env.NEXT_PUBLIC_API_URL;

export default function Page() {
  const [message, setMessage] = useState('…');

  useEffect(() => {
    fetch(`${apiUrl}/message`)
      .then((response) => response.json())
      .then((body) => setMessage(body.message))
      .catch((error) => setMessage(`${apiUrl}: ${error.message}`));
  }, []);

  return (
    <main>
      <h1>FastAPI + Next.js</h1>
      <p id="message">{message}</p>
      <p>
        backend: <code id="api-url">{apiUrl}</code>
      </p>
    </main>
  );
}
