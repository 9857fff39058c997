/** What every page stands on: mode, component language, server cache, routes. */
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { App as Antd, ConfigProvider } from 'antd';
import en from 'antd/locale/en_US';
import zh from 'antd/locale/zh_CN';
import { useEffect, useMemo } from 'react';
import { RouterProvider } from 'react-router';
import { Problem } from '../api/client';
import { Blank } from '../parts/Blank';
import { useWords } from '../words';
import { ModeProvider, useMode } from './mode';
import { router } from './router';
import { antdTheme } from './theme';

/** The session has ended: asking who we are again leads to the door, which leads back here. */
function ended(error: unknown): void {
  if (!(error instanceof Problem) || error.status !== 401) return;
  const me = queries.getQueryState(['me']);
  if (me?.data !== undefined && me.fetchStatus === 'idle' && me.status !== 'error')
    void queries.invalidateQueries({ queryKey: ['me'] });
}

const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: ended }),
  mutationCache: new MutationCache({ onError: ended }),
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: false,
      // A refusal stays a refusal; only a lost connection is worth a second try.
      retry: (failures, error) => error instanceof Problem && error.status === 0 && failures < 1,
      retryDelay: 600,
    },
    mutations: { retry: false },
  },
});

export function App() {
  return (
    <ModeProvider>
      <Dressed />
    </ModeProvider>
  );
}

function Dressed() {
  const { mode } = useMode();
  const { language, t } = useWords();
  const theme = useMemo(() => antdTheme(mode), [mode]);
  useEffect(() => {
    document.title = language === 'zh-CN' ? 'Redoubt 纵深' : 'Redoubt';
  }, [language]);
  return (
    <ConfigProvider
      theme={theme}
      locale={language === 'zh-CN' ? zh : en}
      button={{ autoInsertSpace: false }}
      renderEmpty={() => <Blank title={t('empty.filtered')} />}
    >
      <Antd>
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </Antd>
    </ConfigProvider>
  );
}
