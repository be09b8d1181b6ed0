using System.Text;
using KubeProxySharp.Kubernetes.Connection.Credentials;

namespace KubeProxySharp.Kubernetes.Tests.Connection.Credentials;

public sealed class RedactionTests
{
    private readonly Redaction _redaction = new([new("correct horse"), new("dev")]);

    [Theory]
    [InlineData("could not reach https://sts.eu-west-1.amazonaws.com/login: timeout in dev", "could not reach https://sts.eu-west-1.amazonaws.com/login: timeout in dev")]
    [InlineData("token=abc rest", "token=[hidden] rest")]
    [InlineData("\"access_token\": \"a b c\", x", "\"access_token\": [hidden], x")]
    [InlineData("Authorization: Bearer abc", "Authorization: Bearer [hidden]")]
    [InlineData("sent bearer abc to it", "sent bearer [hidden] to it")]
    [InlineData("DB_PASSWORD='p w' set", "DB_PASSWORD=[hidden] set")]
    [InlineData("with eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl here", "with [hidden] here")]
    [InlineData("key 0123456789abcdef0123456789abcdef!", "key [hidden]!")]
    [InlineData("the correct horse ran", "the [hidden] ran")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nab\ncd\n-----END PRIVATE KEY-----\nafter", "[hidden] after")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nab\ncd", "[hidden]")]
    [InlineData("two\r\nlines\u001b[31m", "two lines [31m")]
    public void WhatLooksLikeASecretIsHidden(string said, string shown)
    {
        _redaction.Apply(Encoding.UTF8.GetBytes(said)).Should().Be(shown);
    }

    [Fact]
    public void LongTextsAreCutAndASecretOnTheEdgeIsNotShownInPart()
    {
        string text = string.Concat(Enumerable.Repeat("-----BEGIN X-----\nabcdefghijkl\n-----END X-----\n", 84)).PadRight(Redaction.MaxInputLength - 10) + "hunter2 hunter2 hunter2";

        string shown = _redaction.Apply(Encoding.UTF8.GetBytes(text).AsSpan(0, Redaction.MaxInputLength + 1));

        shown.Length.Should().BeLessThan(1100);
        shown.Should().NotContain("abcdef");
        _redaction.Apply(Encoding.UTF8.GetBytes(new string('x', 100_000))).Should().BeEmpty();
    }
}
