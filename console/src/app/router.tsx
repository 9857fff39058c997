/** Every page and its address. Pages are fetched when they are first opened. */
import { useEffect } from 'react';
import { createBrowserRouter, Navigate, useRouteError } from 'react-router';
import { get, Problem } from '../api/client';
import { Broken } from '../parts/Blank';
import { Login } from '../pages/door/Login';
import { Setup } from '../pages/door/Setup';
import { Shell } from './Shell';

const AGAIN_MS = 3_000;

/** The page itself failed: say so and offer a way back, rather than a white window. */
function Fallen() {
  const error = useRouteError();
  const offline = error instanceof Problem && error.status === 0;
  useEffect(() => {
    if (!offline) return;
    const timer = setInterval(() => {
      get('/status').then(
        () => window.location.reload(),
        () => undefined,
      );
    }, AGAIN_MS);
    return () => clearInterval(timer);
  }, [offline]);
  return <Broken error={error} retry={() => window.location.reload()} />;
}

/** A page that does not come has two reasons that a person can do something about: no server, or a newer console on it. */
function page<T>(load: () => Promise<T>): () => Promise<T> {
  return () =>
    load().catch(async () => {
      await get('/status');
      throw new Problem(410, { code: 'console.problem.renewed' });
    });
}

export const router = createBrowserRouter([
  { path: '/login', element: <Login />, errorElement: <Fallen /> },
  { path: '/setup', element: <Setup />, errorElement: <Fallen /> },
  {
    path: '/',
    element: <Shell />,
    errorElement: <Fallen />,
    hydrateFallbackElement: <></>,
    children: [
      { index: true, element: <Navigate to="/overview" replace /> },
      {
        errorElement: <Fallen />,
        children: [
          { path: 'overview', lazy: page(() => import('../pages/overview/Overview')) },
          { path: 'hosts', lazy: page(() => import('../pages/assets/Assets')) },
          { path: 'hosts/:id', lazy: page(() => import('../pages/asset/Asset')) },
          { path: 'import/:id?', lazy: page(() => import('../pages/import/Import')) },
          { path: 'exposure', lazy: page(() => import('../pages/exposure/Exposure')) },
          { path: 'disposal', lazy: page(() => import('../pages/disposal/Disposal')) },
          { path: 'network/:tab?', lazy: page(() => import('../pages/network/Network')) },
          { path: 'files', lazy: page(() => import('../pages/files/Files')) },
          { path: 'files/rules', lazy: page(() => import('../pages/files/Rules')) },
          { path: 'files/lists', lazy: page(() => import('../pages/files/Lists')) },
          { path: 'files/:sha256', lazy: page(() => import('../pages/file/File')) },
          { path: 'endpoints/:tab?', lazy: page(() => import('../pages/endpoints/Endpoints')) },
          { path: 'endpoints/fleet/:id', lazy: page(() => import('../pages/endpoints/Endpoint')) },
          { path: 'endpoints/incidents/:id', lazy: page(() => import('../pages/endpoints/Incident')) },
          { path: 'jobs', lazy: page(() => import('../pages/jobs/Jobs')) },
          { path: 'system/:tab?', lazy: page(() => import('../pages/system/System')) },
          { path: '*', element: <Navigate to="/overview" replace /> },
        ],
      },
    ],
  },
]);
