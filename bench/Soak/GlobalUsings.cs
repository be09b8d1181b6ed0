global using ApiServer = KubeProxySharp.FakeApi.FakeApiServer;
