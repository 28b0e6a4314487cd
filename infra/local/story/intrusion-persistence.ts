import { change } from './attacker-change.ts';
import { ATTACKER_IPS, type Attack } from './attacker.ts';
import type { Target } from './directory-change.ts';

/** A second factor and a device of the intruder's own: ways back in after the session is revoked. */
export function keepAccess(attack: Attack): void {
  const { victim, random } = attack;
  const person: Target = { type: 'User', id: victim.id, name: victim.displayName, user: victim };
  const security = {
    service: 'Authentication Methods',
    category: 'UserManagement',
    kind: 'Update',
    correlationId: random.guid(),
    targets: [person],
  } as const;
  const reason = (text: string) => ({ reason: text });
  change(attack, 'johanna/security-info', '14:05:40', {
    ...security,
    activity: 'User started security info registration',
    ...reason('User started the registration for Authenticator App with Code'),
  });
  const phone = [
    {
      DeviceName: 'NO_DEVICE',
      DeviceTag: 'SoftwareTokenActivated',
      AuthenticationType: 2,
      Id: SOFTWARE_TOKEN,
    },
  ];
  change(attack, 'johanna/security-info', '14:06:01', {
    category: 'UserManagement',
    activity: 'Update user',
    kind: 'Update',
    targets: [{ ...person, changes: [['StrongAuthenticationPhoneAppDetail', [], phone]] }],
  });
  change(attack, 'johanna/security-info', '14:06:02', {
    ...security,
    activity: 'User registered security info',
    ...reason('User registered Authenticator App with Code'),
  });
  const device: Target = { type: 'Device', id: INTRUDERS_DEVICE.id, name: INTRUDERS_DEVICE.name };
  const registration = {
    category: 'Device',
    correlationId: random.guid(),
    actor: { app: 'Device Registration Service', servicePrincipalId: 'aa6f1c40-3f5d-4a6f-8f8e-4b9a3f1f5c22' },
  } as const;
  change(attack, 'johanna/device', '14:08:12', {
    ...registration,
    activity: 'Add registered owner to device',
    kind: 'Assign',
    targets: [person, device],
  });
  change(attack, 'johanna/device', '14:08:12', {
    ...registration,
    activity: 'Add registered users to device',
    kind: 'Assign',
    targets: [person, device],
  });
  change(attack, 'johanna/device', '14:08:13', {
    category: 'Device',
    service: 'Device Registration Service',
    activity: 'Register device',
    kind: 'Register',
    correlationId: registration.correlationId,
    targets: [
      {
        ...device,
        changes: [
          ['DeviceOSType', [], ['Windows']],
          ['DeviceTrustType', [], ['Workplace']],
        ],
      },
      person,
    ],
    actor: {
      user: victim,
      ip: ATTACKER_IPS[1],
      userAgent: 'Dsreg/10.0 (Windows 10.0.19045.2006)',
      session: attack.session,
    },
  });
}

export const SOFTWARE_TOKEN = '5d7e21c4-7b90-4a3e-8e56-02f9b8a1c6d3';
export const INTRUDERS_DEVICE = {
  id: 'e3b5a9d2-4c68-4f17-9d0a-7a1c52e8f604',
  name: 'DESKTOP-4LQ7H2K',
} as const;
