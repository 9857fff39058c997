/** Every page and its address. Pages are fetched when they are first opened. */
import { createBrowserRouter, Navigate, useRouteError } from 'react-router';
import { Broken } from '../parts/Blank';
import { Login } from '../pages/door/Login';
import { Setup } from '../pages/door/Setup';
import { Shell } from './Shell';

/** The page itself failed: say so and offer a way back, rather than a white window. */
function Fallen() {
  return <Broken error={useRouteError()} retry={() => window.location.reload()} />;
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
          { path: 'overview', lazy: () => import('../pages/overview/Overview') },
          { path: 'hosts', lazy: () => import('../pages/assets/Assets') },
          { path: 'hosts/:id', lazy: () => import('../pages/asset/Asset') },
          { path: 'import/:id?', lazy: () => import('../pages/import/Import') },
          { path: 'exposure', lazy: () => import('../pages/exposure/Exposure') },
          { path: 'disposal', lazy: () => import('../pages/disposal/Disposal') },
          { path: 'network/:tab?', lazy: () => import('../pages/network/Network') },
          { path: 'jobs', lazy: () => import('../pages/jobs/Jobs') },
          { path: 'system/:tab?', lazy: () => import('../pages/system/System') },
          { path: '*', element: <Navigate to="/overview" replace /> },
        ],
      },
    ],
  },
]);
