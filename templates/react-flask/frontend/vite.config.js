import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const { env } = process
const backend = env.BACKEND_URL ?? `http://localhost:${env.BACKEND_PORT ?? {{backend_port}}}`

// A port that is taken must be an error: on another one nobody would find the page.
const server = {
  host: env.FRONTEND_HOST ?? '127.0.0.1',
  port: Number(env.PORT ?? env.FRONTEND_PORT ?? {{frontend_port}}),
  strictPort: true,
  proxy: { '/api': backend },
}

export default defineConfig({ plugins: [react()], server, preview: server })
