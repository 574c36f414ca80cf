// TensorFlow Playground's way of computing, in plain JavaScript: a network of objects, one for each
// unit and each link, through which one point passes at a time.
//
// Written from the published description of that tool and the textbook algorithm (Bishop, 2006,
// section 5.3), not from its source, which was not looked at. It does the work that nbtutor does:
// a sigmoid output with cross-entropy in place of tanh with squared error, points that are left
// over make a batch of their own, and the loss is a mean. Where the description leaves a choice,
// the faster one is taken: slopes are worked out from outputs, and pictures are typed arrays that
// are made once.
//
// Each line of standard input is a request in JSON, and each gets one line of JSON as its answer.

import { createInterface } from "node:readline";

// The slope, f'(z), is a function of the output f(z).
const tanh = { output: Math.tanh, slope: (output) => 1 - output * output };
const sigmoid = { output: (z) => 1 / (1 + Math.exp(-z)), slope: (output) => output * (1 - output) };

class Link {
  constructor(from, to, weight) {
    this.from = from;
    this.to = to;
    this.weight = weight;
    this.gradient = 0; // dLoss/dweight, summed over the points since the last update
  }
}

class Unit {
  constructor(activation, bias) {
    this.activation = activation;
    this.bias = bias;
    this.biasGradient = 0;
    this.inputs = []; // the links that come in
    this.outputs = []; // the links that go out
    this.sum = 0; // z
    this.output = 0; // f(z)
    this.delta = 0; // dLoss/dz of the present point
  }

  forward() {
    let sum = this.bias;
    for (const link of this.inputs) sum += link.weight * link.from.output;
    this.sum = sum;
    this.output = this.activation.output(sum);
  }

  backward() {
    let error = 0;
    for (const link of this.outputs) error += link.weight * link.to.delta;
    this.delta = error * this.activation.slope(this.output);
  }

  gather() {
    for (const link of this.inputs) link.gradient += this.delta * link.from.output;
    this.biasGradient += this.delta;
  }

  step(rate) {
    for (const link of this.inputs) {
      link.weight -= rate * link.gradient;
      link.gradient = 0;
    }
    this.bias -= rate * this.biasGradient;
    this.biasGradient = 0;
  }
}

class Network {
  // weights[layer][input][unit] and biases[layer][unit]
  constructor(weights, biases) {
    this.inputs = weights[0].map(() => new Unit(tanh, 0));
    this.layers = [];
    let below = this.inputs;
    biases.forEach((layerBiases, layer) => {
      const activation = layer === biases.length - 1 ? sigmoid : tanh;
      const units = layerBiases.map((bias, number) => {
        const unit = new Unit(activation, bias);
        for (const [input, from] of below.entries()) {
          const link = new Link(from, unit, weights[layer][input][number]);
          unit.inputs.push(link);
          from.outputs.push(link);
        }
        return unit;
      });
      this.layers.push(units);
      below = units;
    });
    this.out = below[0];
    this.units = this.layers.flat();
  }

  forward(point) {
    for (let i = 0; i < point.length; i++) this.inputs[i].output = point[i];
    for (const layer of this.layers) for (const unit of layer) unit.forward();
  }

  backward(target) {
    this.out.delta = this.out.output - target; // sigmoid and cross-entropy together
    this.out.gather();
    for (let layer = this.layers.length - 2; layer >= 0; layer--) {
      for (const unit of this.layers[layer]) {
        unit.backward();
        unit.gather();
      }
    }
  }

  update(rate) {
    for (const layer of this.layers) for (const unit of layer) unit.step(rate);
  }

  epoch({ X, y }, batch, rate) {
    for (let start = 0; start < X.length; start += batch) {
      const stop = Math.min(start + batch, X.length);
      for (let i = start; i < stop; i++) {
        this.forward(X[i]);
        this.backward(y[i]);
      }
      this.update(rate / (stop - start));
    }
  }

  loss({ X, y }) {
    let total = 0;
    for (let i = 0; i < X.length; i++) {
      this.forward(X[i]);
      const z = this.out.sum;
      total += Math.max(z, 0) - y[i] * z + Math.log1p(Math.exp(-Math.abs(z)));
    }
    return total / X.length;
  }

  // The output of every unit at every point of the plane.
  draw(points, fields) {
    for (let i = 0; i < points.length; i++) {
      this.forward(points[i]);
      for (let unit = 0; unit < this.units.length; unit++) {
        fields[unit][i] = this.units[unit].output;
      }
    }
  }
}

let network, train, validation, points, fields;

const answers = {
  version: () => process.version,

  load(request) {
    network = new Network(request.weights, request.biases);
    ({ train, validation, points } = request);
    fields = network.units.map(() => new Float64Array(points.length));
    return network.units.length;
  },

  epochs({ count, batch, rate }) {
    for (let i = 0; i < count; i++) network.epoch(train, batch, rate);
    return count;
  },

  pictures({ count }) {
    for (let i = 0; i < count; i++) network.draw(points, fields);
    return count;
  },

  frames({ count, batch, rate }) {
    let losses;
    for (let i = 0; i < count; i++) {
      network.epoch(train, batch, rate);
      losses = [network.loss(train), network.loss(validation)];
      network.draw(points, fields);
    }
    return losses;
  },

  weights: () => network.layers.map((units) => units.map((u) => u.inputs.map((l) => l.weight))),
  biases: () => network.layers.map((units) => units.map((unit) => unit.bias)),
  fields: () => fields.map((field) => Array.from(field)),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...request } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(answers[command](request))}\n`);
}
