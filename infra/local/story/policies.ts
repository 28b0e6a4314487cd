/** The company's conditional-access policies: as sign-ins report them, and as the state endpoint lists them. */
interface Policy {
  readonly id: string;
  readonly name: string;
  readonly controls: readonly string[];
  readonly createdDay: number;
}

const REQUIRE_MFA: Policy = {
  id: '3c1d9f52-8d0e-4b57-9a66-0f5f1d7c2a01',
  name: 'Require MFA for all users',
  controls: ['mfa'],
  createdDay: 412,
};
const BLOCK_LEGACY: Policy = {
  id: '7e40a8b1-52f3-4c1d-8f0b-6a9d3b5e2c02',
  name: 'Block legacy authentication',
  controls: ['block'],
  createdDay: 700,
};
const ADMIN_STRENGTH: Policy = {
  id: 'b95f6c30-1a7e-4f6a-b3d4-2c8e0f4a7d03',
  name: 'Admins – phishing-resistant MFA',
  controls: ['authenticationStrength'],
  createdDay: 95,
};

export const ALL_POLICIES = [REQUIRE_MFA, BLOCK_LEGACY, ADMIN_STRENGTH];

const applied = (policy: Policy, result: string) => ({
  id: policy.id,
  displayName: policy.name,
  enforcedGrantControls: policy.controls,
  enforcedSessionControls: [],
  result,
  conditionsSatisfied: result === 'notApplied' ? 'none' : 'application,users',
  conditionsNotSatisfied: result === 'notApplied' ? 'clientType' : 'none',
});

const rest = [applied(BLOCK_LEGACY, 'notApplied'), applied(ADMIN_STRENGTH, 'notApplied')];

export const POLICIES = {
  mfa: [applied(REQUIRE_MFA, 'success'), ...rest],
  plain: [applied(REQUIRE_MFA, 'success'), ...rest],
  failure: [applied(REQUIRE_MFA, 'failure'), ...rest],
} as const;

export const policyState = (policy: Policy, nowMs: number) => ({
  id: policy.id,
  displayName: policy.name,
  createdDateTime: new Date(nowMs - policy.createdDay * 86_400_000).toISOString(),
  modifiedDateTime: null,
  state: 'enabled',
  conditions: {
    clientAppTypes: policy === BLOCK_LEGACY ? ['exchangeActiveSync', 'other'] : ['all'],
    applications: { includeApplications: ['All'], excludeApplications: [], includeUserActions: [] },
    users: {
      includeUsers: policy === ADMIN_STRENGTH ? [] : ['All'],
      excludeUsers: [],
      includeGroups: [],
      excludeGroups: [],
    },
    locations: null,
    platforms: null,
  },
  grantControls: {
    operator: 'OR',
    builtInControls: policy.controls,
    customAuthenticationFactors: [],
    termsOfUse: [],
  },
  sessionControls: null,
});
