/** Signing in. */
import { useMutation } from '@tanstack/react-query';
import { Alert, Button, Form, Input } from 'antd';
import { Navigate, useNavigate, useSearchParams } from 'react-router';
import { sayable, send } from '../../api/client';
import type { Me } from '../../api/model';
import { useEnter, useStatus } from '../../api/session';
import { useWords } from '../../words';
import { Door } from './Door';
import { Down } from './Down';

/** Only a path of this site: an address that leads elsewhere is ignored. */
export function placeAfter(from: string | null): string {
  return from && /^\/(?![/\\])/.test(from) && !from.startsWith('/login') ? from : '/overview';
}

export function Login() {
  const { t, say } = useWords();
  const [search] = useSearchParams();
  const go = useNavigate();
  const enter = useEnter();
  const status = useStatus();
  const login = useMutation({
    mutationFn: (body: { name: string; password: string }) => send<Me>('POST', '/login', body),
    onSuccess: (me) => {
      enter(me);
      void go(placeAfter(search.get('from')), { replace: true });
    },
  });
  if (status.data?.setup_needed) return <Navigate to="/setup" replace />;
  if (!status.data && status.error) return <Down error={status.error} retry={() => void status.refetch()} />;
  return (
    <Door>
      <h1 style={{ fontSize: 20, margin: '0 0 8px' }}>{t('login.title')}</h1>
      <p className="muted" style={{ margin: '0 0 20px' }}>
        {t('login.lead')}
      </p>
      {search.get('expired') && !login.error && (
        <Alert type="info" showIcon title={t('login.expired')} style={{ marginBottom: 16 }} />
      )}
      {login.error && (
        <Alert type="error" showIcon title={say(sayable(login.error))} style={{ marginBottom: 16 }} />
      )}
      <Form layout="vertical" requiredMark={false} onFinish={login.mutate} size="large">
        <Form.Item
          name="name"
          label={t('login.name')}
          rules={[{ required: true, message: t('login.name-needed') }]}
        >
          <Input autoComplete="username" autoFocus />
        </Form.Item>
        <Form.Item
          name="password"
          label={t('login.password')}
          rules={[{ required: true, message: t('login.password-needed') }]}
        >
          <Input.Password autoComplete="current-password" />
        </Form.Item>
        <Button type="primary" htmlType="submit" block loading={login.isPending}>
          {t('login.go')}
        </Button>
      </Form>
    </Door>
  );
}
