/** Entra error numbers in the story: the sign-in status text, and the unified audit log's LogonError. */
const ERRORS: Record<
  number,
  { readonly reason: string; readonly details: string | null; readonly logon: string }
> = {
  50126: {
    reason: 'Error validating credentials due to invalid username or password.',
    details:
      "The user didn't enter the right credentials.  It's expected to see some number of these errors in your logs due to users making mistakes.",
    logon: 'InvalidUserNameOrPassword',
  },
  50074: {
    reason: 'Strong Authentication is required.',
    details: 'The user was presented options to provide contact options so that they can do MFA.',
    logon: 'UserStrongAuthClientAuthNRequiredInterrupt',
  },
  50140: {
    reason: "This error occurred due to 'Keep me signed in' interrupt when the user was signing-in.",
    details:
      'This is an expected part of the login flow, where a user is asked if they want to remain signed into this browser to make further logins easier.',
    logon: 'KmsiInterrupt',
  },
  50058: {
    reason: 'Session information is not sufficient for single-sign-on.',
    details: null,
    logon: 'UserInformationNotProvided',
  },
  65001: {
    reason: 'The user or administrator has not consented to use the application with ID {identifier}.',
    details: 'Send an interactive authorization request for this user and resource.',
    logon: 'DelegationDoesNotExist',
  },
  700082: {
    reason: 'The refresh token has expired due to inactivity.',
    details: null,
    logon: 'ExpiredOrRevokedGrantInactiveToken',
  },
};

const SUCCESS = { errorCode: 0, failureReason: 'Other.', additionalDetails: null };
const SUCCESS_MFA = {
  errorCode: 0,
  failureReason: 'Other.',
  additionalDetails: 'MFA requirement satisfied by claim in the token',
};

export function signInFailure(error: number, satisfied: boolean) {
  if (error === 0) return satisfied ? SUCCESS_MFA : SUCCESS;
  const known = ERRORS[error]!;
  return { errorCode: error, failureReason: known.reason, additionalDetails: known.details };
}

export const logonError = (error: number): string => ERRORS[error]!.logon;
