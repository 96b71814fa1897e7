import iris from '../../../../models/iris/model.ts';

const { rollout } = iris;

/** The starter model, with a second step in its canary. */
export default { ...iris, rollout: { ...rollout, canary: { ...rollout.canary, steps: [20, 30] } } };
