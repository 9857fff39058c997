/** What only people know of a host: who owns it, which ports it needs, whether patches hurt. Saving judges it again. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, Drawer, Form, Input, Radio, Select, Space } from 'antd';
import { sayable, send } from '../../api/client';
import type { Business, HostDetail } from '../../api/model';
import { useWords } from '../../words';
import { business, portOf, shown, type Answers } from './business';

export function BusinessForm({
  detail,
  open,
  onClose,
}: {
  detail: HostDetail;
  open: boolean;
  onClose: () => void;
}) {
  const { t, say } = useWords();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const [form] = Form.useForm<Answers>();
  const kept: Business = detail.host.facts.business ?? {};
  const save = useMutation({
    mutationFn: (answers: Answers) =>
      send<HostDetail>(
        'PATCH',
        `/hosts/${encodeURIComponent(detail.row.id)}/business`,
        business(kept, answers),
      ),
    onSuccess: (next) => {
      queries.setQueryData(['host', detail.row.id], next);
      for (const key of ['hosts', 'overview', 'plans', 'graph', 'exposures']) {
        void queries.invalidateQueries({ queryKey: [key] });
      }
      void message.success(t('business.saved'));
      onClose();
    },
  });
  const known = Object.keys(detail.host.facts.ports ?? {});
  const usual = [...new Set([...known, 'tcp/80', 'tcp/135', 'tcp/139', 'tcp/443', 'tcp/445', 'tcp/3389'])];
  const asked = (
    <Radio.Group
      optionType="button"
      size="small"
      options={[
        { value: 'unknown', label: t('business.not-asked') },
        { value: 'yes', label: t('business.yes') },
        { value: 'no', label: t('business.no') },
      ]}
    />
  );
  const ports = {
    mode: 'tags' as const,
    tokenSeparators: [',', '，', '、', ' '],
    options: usual.map((port) => ({ value: port, label: port })),
    className: 'mono',
  };
  const legal = {
    validator: (_: unknown, list: string[] | undefined) =>
      (list ?? []).every((text) => portOf(text) !== null)
        ? Promise.resolve()
        : Promise.reject(new Error(t('business.port-form'))),
  };
  return (
    <Drawer
      open={open}
      onClose={onClose}
      title={`${t('business.title')} · ${detail.row.label}`}
      size={520}
      destroyOnHidden
      footer={
        <Space style={{ float: 'right' }}>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="primary" loading={save.isPending} onClick={() => form.submit()}>
            {t('business.save')}
          </Button>
        </Space>
      }
    >
      <p className="muted" style={{ marginTop: 0 }}>
        {t('business.lead')}
      </p>
      {save.error && (
        <Alert type="error" showIcon title={say(sayable(save.error))} style={{ marginBottom: 12 }} />
      )}
      <Form<Answers>
        form={form}
        layout="vertical"
        initialValues={shown(kept)}
        onFinish={save.mutate}
        size="middle"
      >
        <Form.Item name="asked_ports" label={t('business.ports-asked')}>
          <Radio.Group
            optionType="button"
            size="small"
            options={[
              { value: 'unknown', label: t('business.not-asked') },
              { value: 'none', label: t('business.no-ports') },
              { value: 'some', label: t('business.these-ports') },
            ]}
          />
        </Form.Item>
        <Form.Item noStyle shouldUpdate={(a: Answers, b: Answers) => a.asked_ports !== b.asked_ports}>
          {({ getFieldValue }) =>
            getFieldValue('asked_ports') === 'some' && (
              <>
                <Form.Item name="needs_ports" label={t('business.needs-ports')} rules={[legal]}>
                  <Select {...ports} />
                </Form.Item>
                <Form.Item
                  name="alternatives"
                  label={t('business.alternatives')}
                  extra={t('business.alternatives-note')}
                  rules={[legal]}
                >
                  <Select {...ports} />
                </Form.Item>
              </>
            )
          }
        </Form.Item>
        <Form.Item name="patch_conflict" label={t('business.patch-conflict')}>
          {asked}
        </Form.Item>
        <Form.Item name="exposed" label={t('business.exposed')}>
          {asked}
        </Form.Item>
        <Form.Item name="online" label={t('business.online')}>
          {asked}
        </Form.Item>
        <div className="grid cols-2">
          <Form.Item name="group" label={t('business.group')}>
            <Input maxLength={120} />
          </Form.Item>
          <Form.Item name="zone" label={t('business.zone')}>
            <Input maxLength={120} />
          </Form.Item>
          <Form.Item name="owner" label={t('business.owner')}>
            <Input maxLength={120} />
          </Form.Item>
          <Form.Item name="value" label={t('business.value')}>
            <Radio.Group
              optionType="button"
              size="small"
              options={[
                { value: 0, label: t('business.value-none') },
                ...[1, 2, 3, 4, 5].map((value) => ({ value, label: value })),
              ]}
            />
          </Form.Item>
        </div>
        <Form.Item name="note" label={t('business.note')}>
          <Input.TextArea rows={2} maxLength={500} />
        </Form.Item>
      </Form>
    </Drawer>
  );
}
