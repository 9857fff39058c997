import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

/** Where `npm run dev` finds a running Redoubt. */
const server = process.env['REDOUBT_URL'] ?? 'http://127.0.0.1:8600';

export default defineConfig({
  plugins: [react()],
  // Everything is served by Redoubt itself; nothing is inlined as data: so that the page policy stays strict.
  build: { target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 1600, sourcemap: false },
  server: {
    // The words are shared with the Rust crates and live beside the console.
    fs: { allow: ['..'] },
    proxy: { '/api': { target: server, secure: false, changeOrigin: false } },
  },
  test: { include: ['src/**/*.test.ts', 'src/**/*.test.tsx'], environment: 'node' },
});
