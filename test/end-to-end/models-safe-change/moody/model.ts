import moody from '../../models/moody/model.ts';

/** Candidates that go wrong for x above 90 only, asked by captured requests before they get any traffic. */
export default {
  ...moody,
  rollout: {
    ...moody.rollout,
    strategy: 'blue-green' as const,
    replay: { ...moody.rollout.replay, requests: 5 },
    shadow: { seconds: 8 },
  },
};
