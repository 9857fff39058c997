/** The first minutes: one token, one administrator. */
import { useMutation } from '@tanstack/react-query';
import { Alert, Button, Form, Input } from 'antd';
import { Navigate, useNavigate, useSearchParams } from 'react-router';
import { sayable, send } from '../../api/client';
import type { Me } from '../../api/model';
import { useEnter, useStatus } from '../../api/session';
import { useWords } from '../../words';
import { Door } from './Door';

interface Answers {
  token: string;
  name: string;
  password: string;
  again: string;
}

export const SHORTEST_PASSWORD = 12;

export function Setup() {
  const { t, say } = useWords();
  const [search] = useSearchParams();
  const go = useNavigate();
  const enter = useEnter();
  const status = useStatus();
  const setup = useMutation({
    mutationFn: ({ token, name, password }: Answers) =>
      send<Me>('POST', '/setup', { token: token.trim(), name: name.trim(), password }),
    onSuccess: (me) => {
      enter(me);
      void go('/overview', { replace: true });
    },
  });
  if (status.data && !status.data.setup_needed && !setup.isSuccess)
    return <Navigate to="/overview" replace />;
  return (
    <Door>
      <h1 style={{ fontSize: 20, margin: '0 0 6px' }}>{t('setup.title')}</h1>
      <p className="muted" style={{ margin: '0 0 20px', lineHeight: 1.6 }}>
        {t('setup.lead')}
      </p>
      {setup.error && (
        <Alert type="error" showIcon title={say(sayable(setup.error))} style={{ marginBottom: 16 }} />
      )}
      <Form<Answers>
        layout="vertical"
        requiredMark={false}
        onFinish={setup.mutate}
        initialValues={{ token: search.get('token') ?? '', name: 'admin' }}
      >
        <Form.Item
          name="token"
          label={t('setup.token')}
          extra={t('setup.token-where')}
          rules={[{ required: true, message: t('setup.token-needed') }]}
        >
          <Input autoComplete="off" spellCheck={false} className="mono" autoFocus size="large" />
        </Form.Item>
        <Form.Item
          name="name"
          label={t('setup.name')}
          rules={[{ required: true, message: t('login.name-needed') }]}
        >
          <Input autoComplete="username" size="large" />
        </Form.Item>
        <Form.Item
          name="password"
          label={t('login.password')}
          extra={t('setup.password-rule', { n: SHORTEST_PASSWORD })}
          rules={[
            {
              required: true,
              min: SHORTEST_PASSWORD,
              message: t('setup.password-rule', { n: SHORTEST_PASSWORD }),
            },
          ]}
        >
          <Input.Password autoComplete="new-password" size="large" />
        </Form.Item>
        <Form.Item
          name="again"
          label={t('setup.again')}
          dependencies={['password']}
          rules={[
            { required: true, message: t('setup.again-differs') },
            ({ getFieldValue }) => ({
              validator: (_, value) =>
                value === getFieldValue('password')
                  ? Promise.resolve()
                  : Promise.reject(new Error(t('setup.again-differs'))),
            }),
          ]}
        >
          <Input.Password autoComplete="new-password" size="large" />
        </Form.Item>
        <Button type="primary" htmlType="submit" block size="large" loading={setup.isPending}>
          {t('setup.go')}
        </Button>
      </Form>
    </Door>
  );
}
